//! Predicates: CEL expressions over facts, checked against the catalogue when they are loaded and evaluated in
//! three-valued logic. A fact that is not known makes the part that needs it *unknown*, unless the rest decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex};

use cel::common::ast::{ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use cel::{Context, Env, Program};

use crate::catalog::{Catalog, FactDefinition, FactType, Per};
use crate::diagnostic::closest;
use crate::fact::{Fact, FactSet, Subject};
use crate::value::Value;

/// The longest predicate that is read, in bytes.
const MAX_PREDICATE_BYTES: usize = 4096;

/// A predicate that passed its checks.
pub(crate) struct Predicate {
    program: Arc<Program>,
    source: String,
}

/// Expressions that were parsed: many rules, and most standings of one law, ask the same.
#[derive(Debug, Default)]
pub(crate) struct Parsed(Mutex<HashMap<String, Arc<Program>>>);

impl Parsed {
    fn program(&self, source: &str) -> Result<Arc<Program>, String> {
        let known = || self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(program) = known().get(source) {
            return Ok(program.clone());
        }
        let program = Program::compile(source).map_err(|errors| errors.to_string().replace('\n', " "))?;
        let program = Arc::new(program);
        known().insert(source.to_owned(), program.clone());
        Ok(program)
    }
}

impl std::fmt::Debug for Predicate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)
    }
}

/// The answer of three-valued logic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    /// The facts that would have to be known.
    Unknown(BTreeSet<String>),
}

/// A predicate's answer and the facts that decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evaluation {
    pub(crate) truth: Truth,
    pub(crate) reads: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Type {
    Bool,
    Integer,
    Number,
    Text,
    Choice(Vec<String>),
    List(Box<Type>),
    Estimate,
    Record(BTreeMap<String, Type>),
    Unit,
}

impl Type {
    fn name(&self) -> String {
        match self {
            Self::Bool => "yes/no".into(),
            Self::Integer => "a whole number".into(),
            Self::Number => "a number".into(),
            Self::Text => "text".into(),
            Self::Choice(values) => format!("one of {}", values.join(", ")),
            Self::List(item) => format!("a list of ({})", item.name()),
            Self::Estimate => "an estimate (use .value, .low, .high, .n or .events)".into(),
            Self::Record(_) => "a record".into(),
            Self::Unit => "an empty list".into(),
        }
    }

    fn of(kind: &FactType) -> Self {
        let ids = |values: &[(String, String)]| Self::Choice(values.iter().map(|(id, _)| id.clone()).collect());
        match kind {
            FactType::Bool => Self::Bool,
            FactType::Integer => Self::Integer,
            FactType::Number => Self::Number,
            FactType::Text | FactType::Date | FactType::Moment => Self::Text,
            FactType::Choice(values) => ids(values),
            FactType::Choices(values) => Self::List(Box::new(ids(values))),
            FactType::Texts => Self::List(Box::new(Self::Text)),
            FactType::Estimate => Self::Estimate,
            FactType::Records(fields) => Self::List(Box::new(Self::Record(
                fields.iter().map(|f: &FactDefinition| (to_cel_name(&f.key), Self::of(&f.kind))).collect(),
            ))),
        }
    }

    fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text, Self::Choice(_)) | (Self::Choice(_), Self::Text) => true,
            (Self::Choice(_), Self::Choice(_)) => true,
            (Self::List(a), Self::List(b)) => a.agrees(b),
            (Self::Unit, Self::List(_)) | (Self::List(_), Self::Unit) => true,
            (a, b) => a == b,
        }
    }
}

/// How a catalogue key is written in CEL, where a dash would be a minus.
pub(crate) fn to_cel_name(key: &str) -> String {
    key.replace('-', "_")
}

/// The key that [`to_cel_name`] wrote.
fn to_key(name: &str) -> String {
    name.replace('_', "-")
}

/// The catalogue key a path begins with: keys have two segments, what follows are fields of the value.
fn key_of(segments: &[&str]) -> String {
    to_key(&segments.get(..2).unwrap_or(segments).join("."))
}

fn path(expr: &Expr) -> Option<Vec<&str>> {
    match expr {
        Expr::Ident(name) => Some(vec![name]),
        Expr::Select(select) if !select.test => {
            let mut segments = path(&select.operand.expr)?;
            segments.push(&select.field);
            Some(segments)
        }
        _ => None,
    }
}

impl Predicate {
    /// Parses and checks `source`: every path is a fact of the catalogue that `per` may read, every operator fits.
    pub(crate) fn compile(source: &str, catalog: &Catalog, per: Per) -> Result<Self, String> {
        if source.len() > MAX_PREDICATE_BYTES {
            return Err(format!("predicate is {} bytes; at most {MAX_PREDICATE_BYTES}", source.len()));
        }
        let program = catalog.parsed.program(source)?;
        let checker = Checker { catalog, per };
        let kind = checker.check(program.expression(), &BTreeMap::new())?;
        if kind != Type::Bool {
            return Err(format!("a predicate must be yes/no; this is {}", kind.name()));
        }
        Ok(Self { program, source: source.to_owned() })
    }

    /// The predicate as written, on one line.
    pub(crate) fn source(&self) -> String {
        self.source.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Every fact the predicate mentions.
    pub(crate) fn mentions(&self) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        mentioned(self.program.expression(), &mut Vec::new(), &mut keys);
        keys
    }

    /// Evaluates over `scope`.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Evaluation {
        let expr = self.program.expression();
        let truth = match scope.resolve(expr) {
            Some(cel::Value::Bool(true)) => Truth::True,
            Some(cel::Value::Bool(false)) => Truth::False,
            _ => {
                let mut missing = BTreeSet::new();
                undecided(expr, scope, &mut missing);
                Truth::Unknown(missing)
            }
        };
        let mut reads = BTreeSet::new();
        decisive(expr, scope, &mut reads);
        Evaluation { truth, reads }
    }
}

struct Checker<'a> {
    catalog: &'a Catalog,
    per: Per,
}

type Locals = BTreeMap<String, Type>;

impl Checker<'_> {
    fn check(&self, expr: &IdedExpr, locals: &Locals) -> Result<Type, String> {
        match &expr.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Ok(Type::Bool),
                LiteralValue::Int(_) => Ok(Type::Integer),
                LiteralValue::Double(_) => Ok(Type::Number),
                LiteralValue::String(_) => Ok(Type::Text),
                _ => Err("only true/false, numbers and text may be written out".into()),
            },
            Expr::List(list) => {
                let mut kind = Type::Unit;
                for element in &list.elements {
                    let element = self.check(element, locals)?;
                    if kind != Type::Unit && kind != element {
                        return Err(format!("a list mixes {} and {}", kind.name(), element.name()));
                    }
                    kind = element;
                }
                Ok(if kind == Type::Unit { Type::Unit } else { Type::List(Box::new(kind)) })
            }
            Expr::Ident(_) | Expr::Select(_) => self.check_path(&expr.expr, locals),
            Expr::Comprehension(c) => self.check_comprehension(c, locals),
            Expr::Call(call) => {
                let args: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
                self.check_call(&call.func_name, &args, locals)
            }
            _ => Err("maps and structures are not used in predicates".into()),
        }
    }

    fn check_path(&self, expr: &Expr, locals: &Locals) -> Result<Type, String> {
        if let Expr::Select(select) = expr
            && select.test
        {
            return Err("has() would turn “not known” into “no”; state the fact instead".into());
        }
        let segments = path(expr).ok_or("fields may be taken of facts only")?;
        let (root, rest) = segments.split_first().ok_or("empty path")?;
        let (mut kind, fields) = if let Some(kind) = locals.get(*root) {
            (kind.clone(), rest)
        } else {
            let key = key_of(&segments);
            let Some(definition) = self.catalog.get(&key) else {
                let near = closest(&key, self.catalog.iter().map(|d| d.key.as_str()));
                let hint = near.map(|near| format!("; did you mean `{}`?", to_cel_name(near))).unwrap_or_default();
                return Err(format!("`{}` is not in the catalogue{hint}", segments.join(".")));
            };
            if !definition.per.is_read_by(self.per) {
                return Err(format!(
                    "`{}` is known per {:?} and cannot be read by what looks at the {:?}",
                    definition.key, definition.per, self.per
                )
                .to_lowercase());
            }
            (Type::of(&definition.kind), segments.get(2..).unwrap_or_default())
        };
        for field in fields {
            kind = match (&kind, *field) {
                (Type::Estimate, "value" | "low" | "high") => Type::Number,
                (Type::Estimate, "n" | "events") => Type::Integer,
                (Type::Record(known), field) if known.contains_key(field) => {
                    known.get(field).cloned().unwrap_or(Type::Unit)
                }
                _ => return Err(format!("`{}` has no field `{field}`: it is {}", segments.join("."), kind.name())),
            };
        }
        Ok(kind)
    }

    fn check_comprehension(&self, c: &ComprehensionExpr, locals: &Locals) -> Result<Type, String> {
        let Type::List(item) = self.check(&c.iter_range, locals)? else {
            return Err("exists() and all() need a list".into());
        };
        let accumulator = self.check(&c.accu_init, locals)?;
        if accumulator != Type::Bool {
            return Err("of the list macros only exists() and all() are used in predicates".into());
        }
        let mut inner = locals.clone();
        inner.insert(c.iter_var.clone(), *item);
        inner.insert(c.accu_var.clone(), accumulator);
        self.check(&c.loop_step, &inner)
    }

    fn check_call(&self, name: &str, args: &[&IdedExpr], locals: &Locals) -> Result<Type, String> {
        let kinds = args.iter().map(|arg| self.check(arg, locals)).collect::<Result<Vec<_>, _>>()?;
        let all_bool = kinds.iter().all(|kind| *kind == Type::Bool);
        match (name, kinds.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, _) if all_bool => {
                Ok(Type::Bool)
            }
            (operators::CONDITIONAL, [Type::Bool, a, b]) if a.agrees(b) => Ok(a.clone()),
            (operators::NOT_STRICTLY_FALSE, [Type::Bool]) => Ok(Type::Bool),
            (operators::EQUALS | operators::NOT_EQUALS, [a, b]) if a.agrees(b) => {
                self.check_literals(a, args.get(1).copied())?;
                self.check_literals(b, args.first().copied())?;
                Ok(Type::Bool)
            }
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [a @ (Type::Integer | Type::Number | Type::Text), b],
            ) if a == b => Ok(Type::Bool),
            (operators::IN, [item, Type::List(of)]) if item.agrees(of) => {
                self.check_literals(item, args.get(1).copied())?;
                self.check_literals(of, args.first().copied())?;
                Ok(Type::Bool)
            }
            ("size", [Type::List(_) | Type::Text]) => Ok(Type::Integer),
            ("startsWith" | "endsWith" | "contains", [Type::Text, Type::Text]) => Ok(Type::Bool),
            _ => {
                let found: Vec<_> = kinds.iter().map(Type::name).collect();
                Err(format!("`{}` cannot be applied to {}", name.trim_matches(['_', '@']), found.join(" and ")))
            }
        }
    }

    /// A text compared with a choice must be one of its values: a misspelt value would silently never match.
    fn check_literals(&self, kind: &Type, other: Option<&IdedExpr>) -> Result<(), String> {
        let Type::Choice(values) = kind else { return Ok(()) };
        let literals: Vec<&IdedExpr> = match other.map(|o| &o.expr) {
            Some(Expr::List(list)) => list.elements.iter().collect(),
            Some(Expr::Literal(_)) => other.into_iter().collect(),
            _ => Vec::new(),
        };
        for literal in literals {
            if let Expr::Literal(LiteralValue::String(text)) = &literal.expr
                && !values.iter().any(|value| value == text.inner())
            {
                return Err(format!("\"{}\" is never the value of {}", text.inner(), kind.name()));
            }
        }
        Ok(())
    }
}

fn mentioned<'a>(expr: &'a IdedExpr, locals: &mut Vec<&'a str>, keys: &mut BTreeSet<String>) {
    if let Some(segments) = path(&expr.expr) {
        if !segments.first().is_some_and(|root| locals.contains(root)) {
            keys.insert(key_of(&segments));
        }
        return;
    }
    match &expr.expr {
        Expr::Call(call) => {
            for arg in call.target.as_deref().into_iter().chain(&call.args) {
                mentioned(arg, locals, keys);
            }
        }
        Expr::List(list) => {
            for element in &list.elements {
                mentioned(element, locals, keys);
            }
        }
        Expr::Comprehension(c) => {
            mentioned(&c.iter_range, locals, keys);
            let depth = locals.len();
            locals.extend([c.iter_var.as_str(), c.accu_var.as_str()]);
            mentioned(&c.loop_step, locals, keys);
            locals.truncate(depth);
        }
        _ => {}
    }
}

/// The facts that would have to be known to decide `expr`, which `scope` cannot resolve.
fn undecided(expr: &IdedExpr, scope: &Scope<'_>, missing: &mut BTreeSet<String>) {
    if scope.resolve(expr).is_some() {
        return;
    }
    if let Some(segments) = path(&expr.expr) {
        missing.insert(key_of(&segments));
        return;
    }
    match &expr.expr {
        Expr::Call(call) => {
            for arg in call.target.as_deref().into_iter().chain(&call.args) {
                undecided(arg, scope, missing);
            }
        }
        Expr::List(list) => {
            for element in &list.elements {
                undecided(element, scope, missing);
            }
        }
        Expr::Comprehension(c) => {
            let mut keys = BTreeSet::new();
            mentioned(expr, &mut Vec::new(), &mut keys);
            let before = missing.len();
            missing.extend(keys.into_iter().filter(|key| scope.value(key).is_none()));
            if missing.len() == before {
                // Every fact is there; a record of the list lacks a field that matters.
                mentioned(&c.iter_range, &mut Vec::new(), missing);
            }
        }
        _ => {}
    }
}

/// The facts that decided `expr`: where one operand of `&&` or `||` is enough, only what that operand reads.
fn decisive(expr: &IdedExpr, scope: &Scope<'_>, reads: &mut BTreeSet<String>) {
    if let Expr::Call(call) = &expr.expr
        && let [left, right] = call.args.as_slice()
    {
        let deciding = match call.func_name.as_str() {
            operators::LOGICAL_AND => Some(false),
            operators::LOGICAL_OR => Some(true),
            _ => None,
        };
        if let Some(deciding) = deciding {
            for operand in [left, right] {
                if scope.resolve(operand) == Some(cel::Value::Bool(deciding)) {
                    return decisive(operand, scope, reads);
                }
            }
        }
        decisive(left, scope, reads);
        return decisive(right, scope, reads);
    }
    match &expr.expr {
        Expr::Call(call) => {
            for arg in call.target.as_deref().into_iter().chain(&call.args) {
                decisive(arg, scope, reads);
            }
        }
        _ => mentioned(expr, &mut Vec::new(), reads),
    }
}

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// The facts a predicate is evaluated over: what is known of a subject and of what it is part of. A predicate asks for
/// each fact by its key, and nothing else is put in the form that expressions take.
pub(crate) struct Scope<'a> {
    /// The facts of the subject, then those of what it is part of.
    chain: Vec<&'a BTreeMap<String, Fact>>,
}

impl<'a> Scope<'a> {
    /// Everything known of `subject` and of what it is part of.
    pub(crate) fn new(facts: &'a FactSet, subject: &Subject) -> Self {
        let subjects = std::iter::successors(Some(subject.clone()), Subject::parent);
        Self { chain: subjects.filter_map(|subject| facts.by_key(&subject)).collect() }
    }

    /// The nearest known value. Unlike in [`FactSet::get`], a fact that is absent hides none of what it is part of.
    fn value(&self, key: &str) -> Option<&'a Value> {
        self.chain.iter().find_map(|facts| facts.get(key)?.value())
    }

    fn resolve(&self, expr: &IdedExpr) -> Option<cel::Value> {
        let mut context = Context::with_env(ENVIRONMENT.clone());
        context.set_variable_resolver(self);
        cel::Value::resolve(expr, &context).ok()
    }
}

impl VariableResolver for Scope<'_> {
    /// The fact that a path such as `system.go_live` names. Paths longer than a key are asked for first, in vain.
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let value = self.value(&to_key(variable))?;
        value.to_cel().try_into().ok().map(CowVal::Owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::SourceFile;
    use crate::fact::{Provenance, State};

    fn catalog() -> Catalog {
        let file = SourceFile::new(
            "c.toml",
            "[[fact]]\nkey = \"a.p\"\ntype = \"bool\"\ntitle = \"p\"\n\
             [[fact]]\nkey = \"a.q\"\ntype = \"bool\"\ntitle = \"q\"\n\
             [[fact]]\nkey = \"a.n\"\ntype = \"integer\"\ntitle = \"n\"\n\
             [[fact]]\nkey = \"a.when-made\"\ntype = \"date\"\ntitle = \"d\"\n\
             [[fact]]\nkey = \"a.kinds\"\ntype = \"choices\"\ntitle = \"k\"\nvalues = { x = \"X\", y = \"Y\" }\n\
             [[fact]]\nkey = \"a.parts\"\ntype = \"records\"\ntitle = \"parts\"\n\
             [[fact.field]]\nkey = \"signed\"\ntype = \"bool\"\ntitle = \"s\"\n",
        );
        Catalog::load(&[file]).0
    }

    fn stated(facts: &[(&str, Value)]) -> FactSet {
        let mut set = FactSet::default();
        for (key, value) in facts {
            set.insert(Fact {
                key: (*key).into(),
                subject: Subject::system(),
                state: State::Known(value.clone()),
                provenance: Provenance::Stated(None),
                place: None,
                paper: None,
            });
        }
        set
    }

    fn evaluate(source: &str, facts: &[(&str, Value)]) -> Evaluation {
        let facts = stated(facts);
        let scope = Scope::new(&facts, &Subject::system());
        Predicate::compile(source, &catalog(), Per::System).expect(source).evaluate(&scope)
    }

    fn keys(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn and_and_or_follow_kleene() {
        let value = |word: &str| match word {
            "t" => vec![Value::Bool(true)],
            "f" => vec![Value::Bool(false)],
            _ => vec![],
        };
        let table = [
            ("t", "t", "t", "t"),
            ("t", "f", "f", "t"),
            ("t", "u", "u", "t"),
            ("f", "t", "f", "t"),
            ("f", "f", "f", "f"),
            ("f", "u", "f", "u"),
            ("u", "t", "u", "t"),
            ("u", "f", "f", "u"),
            ("u", "u", "u", "u"),
        ];
        for (p, q, and, or) in table {
            let facts: Vec<(&str, Value)> =
                value(p).into_iter().map(|v| ("a.p", v)).chain(value(q).into_iter().map(|v| ("a.q", v))).collect();
            for (source, wanted) in [("a.p && a.q", and), ("a.p || a.q", or)] {
                let truth = evaluate(source, &facts).truth;
                let got = match truth {
                    Truth::True => "t",
                    Truth::False => "f",
                    Truth::Unknown(_) => "u",
                };
                assert_eq!(got, wanted, "{p} {q} {source}");
            }
        }
    }

    #[test]
    fn only_deciding_facts_are_cited_and_only_missing_ones_asked_for() {
        let decided = evaluate("a.p && a.q", &[("a.p", Value::Bool(false)), ("a.q", Value::Bool(true))]);
        assert_eq!(decided.reads, keys(&["a.p"]));
        let open = evaluate("(a.p || a.q) && a.n > 3", &[("a.p", Value::Bool(false)), ("a.n", Value::Integer(4))]);
        assert_eq!(open.truth, Truth::Unknown(keys(&["a.q"])));
    }

    #[test]
    fn dates_lists_and_records() {
        let list = Value::List(vec![Value::Text("x".into())]);
        assert_eq!(evaluate("\"x\" in a.kinds && !(\"y\" in a.kinds)", &[("a.kinds", list)]).truth, Truth::True);
        let date = Value::Date(jiff::civil::date(2026, 8, 2));
        assert_eq!(evaluate("a.when_made < \"2027-12-02\"", &[("a.when-made", date)]).truth, Truth::True);
        let record = |signed: Option<bool>| {
            Value::Record(signed.map(|s| ("signed".to_owned(), Value::Bool(s))).into_iter().collect())
        };
        let parts = |list: Vec<Value>| [("a.parts", Value::List(list))];
        let source = "a.parts.exists(p, !p.signed)";
        assert_eq!(evaluate(source, &parts(vec![record(Some(true)), record(Some(false))])).truth, Truth::True);
        assert_eq!(evaluate(source, &parts(vec![record(Some(true))])).truth, Truth::False);
        assert_eq!(evaluate(source, &parts(vec![])).truth, Truth::False);
        assert_eq!(evaluate(source, &parts(vec![record(None)])).truth, Truth::Unknown(keys(&["a.parts"])));
        assert_eq!(evaluate(source, &[]).truth, Truth::Unknown(keys(&["a.parts"])));
        let all = evaluate("[\"x\", \"y\"].all(k, k in a.kinds)", &[]);
        assert_eq!(all.truth, Truth::Unknown(keys(&["a.kinds"])));
    }

    #[test]
    fn what_a_predicate_may_not_say_is_refused() {
        for (source, why) in [
            ("a.p == 1", "cannot be applied"),
            ("a.n + 1 > 2", "cannot be applied"),
            ("a.n > 1.5", "cannot be applied"),
            ("a.kinds.map(k, k)", "exists() and all()"),
            ("{\"a\": a.p}", "maps and structures"),
            ("a.p ? a.q : 3", "cannot be applied"),
            ("\"z\" in a.kinds", "never the value"),
            ("a.parts.exists(p, p.sgined)", "no field `sgined`"),
        ] {
            let error = Predicate::compile(source, &catalog(), Per::System).expect_err(source);
            assert!(error.contains(why), "{source}: {error}");
        }
    }
}
