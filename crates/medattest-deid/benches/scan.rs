//! How fast texts are searched: bytes a second on one core, patterns and lists alone and with the tagger.

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use medattest_deid::{Layers, Resources, Scanner, Split, Synthesizer};

fn scan(criterion: &mut Criterion) {
    let mut resources = Resources::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recognizers");
    if resources.add_folder(&folder).is_err() {
        return;
    }
    let Ok(synthesizer) = Synthesizer::load(&resources) else { return };
    // Dense: every sentence names somebody. Sparse: the same among nine times as much that identifies nobody.
    let notes = synthesizer.notes(Split::HeldOut, 40, 7);
    let dense: String = notes.iter().map(|note| format!("{}\n\n", note.text)).collect();
    let clean: Vec<&str> = notes.iter().filter(|n| n.spans.is_empty()).map(|n| n.text.as_str()).collect();
    let mut sparse = String::new();
    for (at, note) in notes.iter().filter(|n| !n.spans.is_empty()).enumerate() {
        sparse.push_str(&note.text);
        for k in 0..9 {
            sparse.push('\n');
            sparse.push_str(clean[(at * 9 + k) % clean.len()]);
        }
        sparse.push('\n');
    }
    let mut group = criterion.benchmark_group("scan");
    group.sample_size(10);
    for (layers, name) in [(Layers::Lists, "lists"), (Layers::All, "all")] {
        let Ok(scanner) = Scanner::load(&resources, layers, 2026) else { return };
        for (text, sort) in [(&dense, "dense"), (&sparse, "sparse")] {
            let (mut scratch, mut found) = (scanner.scratch(), Vec::new());
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(format!("{name}/{sort}"), |bencher| {
                bencher.iter(|| {
                    scanner.scan(text, &mut scratch, &mut found);
                    found.len()
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, scan);
criterion_main!(benches);
