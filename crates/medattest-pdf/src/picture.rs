//! Charts as pictures, for forms that show no SVG.

use std::sync::{Arc, LazyLock};

use medattest_docs::drawing;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

/// Pixels for each unit of a drawing: sharp in print at the size a page gives it.
const SCALE: f32 = 2.5;
/// Largest side of a picture.
const LARGEST: u32 = 8_000;

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    for font in typst_assets::fonts() {
        fonts.load_font_data(font.to_vec());
    }
    fonts.set_serif_family("Libertinus Serif");
    Arc::new(fonts)
});

/// A drawing as PNG on white; none where it cannot be drawn.
pub fn picture(svg: &str) -> Option<Vec<u8>> {
    let options =
        Options { fontdb: Arc::clone(&FONTS), font_family: "Libertinus Serif".to_owned(), ..Options::default() };
    let tree = Tree::from_str(&drawing(svg), &options).ok()?;
    let size = tree.size();
    let (width, height) = ((size.width() * SCALE).ceil() as u32, (size.height() * SCALE).ceil() as u32);
    if width > LARGEST || height > LARGEST {
        return None;
    }
    let mut pixels = Pixmap::new(width, height)?;
    pixels.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().ok()
}
