//! Versions and constraints as Masterminds/semver 3.4 reads them: `semver` and `semverCompare`.

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;
use std::sync::LazyLock;

use regex::Regex;

use super::Function;
use super::Ty::{Str, Version as VersionTy};
use super::arg::text;
use crate::exec::cx::{Cx, Fault, Result};
use crate::exec::val::{Slot, Val};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("semver", &[Str], semver),
    Function::new("semverCompare", &[Str, Str], semver_compare),
];

pub(super) const METHODS: &[Function] = &[
    Function::new("Major", &[VersionTy], |_, args| {
        Ok(Val::Uint64(receiver(args)?.numbers[0]))
    }),
    Function::new("Minor", &[VersionTy], |_, args| {
        Ok(Val::Uint64(receiver(args)?.numbers[1]))
    }),
    Function::new("Patch", &[VersionTy], |_, args| {
        Ok(Val::Uint64(receiver(args)?.numbers[2]))
    }),
    Function::new("Prerelease", &[VersionTy], |cx, args| {
        cx.text(receiver(args)?.prerelease.as_str())
    }),
    Function::new("Metadata", &[VersionTy], |cx, args| {
        cx.text(receiver(args)?.metadata.as_str())
    }),
    Function::new("Original", &[VersionTy], |cx, args| {
        cx.text(receiver(args)?.original.as_str())
    }),
    Function::new("String", &[VersionTy], |cx, args| {
        cx.text(receiver(args)?.to_string())
    }),
    Function::new("IncPatch", &[VersionTy], |_, args| Ok(receiver(args)?.next(2))),
    Function::new("IncMinor", &[VersionTy], |_, args| Ok(receiver(args)?.next(1))),
    Function::new("IncMajor", &[VersionTy], |_, args| Ok(receiver(args)?.next(0))),
    Function::new("Compare", &[VersionTy, VersionTy], |_, args| {
        Ok(Val::Int(compare(args)? as i64))
    }),
    Function::new("Equal", &[VersionTy, VersionTy], |_, args| {
        Ok(Val::Bool(compare(args)?.is_eq()))
    }),
    Function::new("LessThan", &[VersionTy, VersionTy], |_, args| {
        Ok(Val::Bool(compare(args)?.is_lt()))
    }),
    Function::new("LessThanEqual", &[VersionTy, VersionTy], |_, args| {
        Ok(Val::Bool(compare(args)?.is_le()))
    }),
    Function::new("GreaterThan", &[VersionTy, VersionTy], |_, args| {
        Ok(Val::Bool(compare(args)?.is_gt()))
    }),
    Function::new("GreaterThanEqual", &[VersionTy, VersionTy], |_, args| {
        Ok(Val::Bool(compare(args)?.is_ge()))
    }),
    Function::new("SetPrerelease", &[VersionTy, Str], |_, args| {
        let mut version = receiver(args)?.clone();
        version.prerelease = text(args, 1).into_owned();
        validate(&version)?;
        version.original = version.to_string_like_the_original();
        Ok(Val::Version(Rc::new(version)))
    }),
    Function::new("SetMetadata", &[VersionTy, Str], |_, args| {
        let mut version = receiver(args)?.clone();
        version.metadata = text(args, 1).into_owned();
        validate(&version)?;
        version.original = version.to_string_like_the_original();
        Ok(Val::Version(Rc::new(version)))
    }),
];

/// A semantic version, or something near it: `v1.2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// Major, minor and patch.
    numbers: [u64; 3],
    prerelease: String,
    metadata: String,
    original: String,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

impl Version {
    fn parse(text: &str) -> Result<Self> {
        let captures = VERSION.captures(text).ok_or("invalid semantic version")?;
        let part = |index| captures.get(index).map_or("", |part| part.as_str());
        let mut numbers = [0; 3];
        for (number, index) in numbers.iter_mut().zip(1..) {
            let digits = part(index).trim_start_matches('.');
            if !digits.is_empty() {
                *number = digits.parse().map_err(|_| {
                    format!("error parsing version segment: strconv.ParseUint: parsing \"{digits}\": value out of range")
                })?;
            }
        }
        let version = Self {
            numbers,
            prerelease: part(5).to_owned(),
            metadata: part(8).to_owned(),
            original: text.to_owned(),
        };
        validate(&version)?;
        Ok(version)
    }

    /// The next version of a place: 0 for the major, 2 for the patch.
    fn next<'a>(&self, place: usize) -> Val<'a> {
        let mut next = self.clone();
        // A pre-release comes before its own release.
        if place < 2 || self.prerelease.is_empty() {
            next.numbers[place] = next.numbers[place].wrapping_add(1);
        }
        next.numbers[place + 1..].fill(0);
        next.prerelease.clear();
        next.metadata.clear();
        next.original = next.to_string_like_the_original();
        Val::Version(Rc::new(next))
    }

    fn to_string_like_the_original(&self) -> String {
        format!("{}{self}", if self.original.starts_with('v') { "v" } else { "" })
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.prerelease.as_str(), other.prerelease.as_str()) {
                ("", "") => Ordering::Equal,
                ("", _) => Ordering::Greater,
                (_, "") => Ordering::Less,
                (a, b) => compare_prereleases(a, b),
            }
        })
    }
}

fn validate(version: &Version) -> Result<()> {
    let allowed = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if !version.prerelease.is_empty() {
        for part in version.prerelease.split('.') {
            if part.is_empty() || !allowed(part) {
                return Err("invalid prerelease string".into());
            }
            if part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err("version segment starts with 0".into());
            }
        }
    }
    if !version.metadata.is_empty()
        && version
            .metadata
            .split('.')
            .any(|part| part.is_empty() || !allowed(part))
    {
        return Err("invalid metadata string".into());
    }
    Ok(())
}

fn compare_prereleases(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (x, y) = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => (x.unwrap_or(""), y.unwrap_or("")),
        };
        if x == y {
            continue;
        }
        if x.is_empty() || y.is_empty() {
            return x.len().cmp(&y.len());
        }
        return match (x.parse::<u64>(), y.parse::<u64>()) {
            (Ok(x), Ok(y)) => {
                if x > y {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => x.cmp(y),
        };
    }
}

fn semver<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let text = text(args, 0);
    cx.claim(text.len())?;
    Ok(Val::Version(Rc::new(Version::parse(&text)?)))
}

fn semver_compare<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let (constraint, version) = (text(args, 0), text(args, 1));
    cx.step((constraint.len() + version.len()) / 16)?;
    cx.claim(4 * constraint.len())?;
    let groups = parse_constraints(&constraint)?;
    let version = Version::parse(&version)?;
    Ok(Val::Bool(groups.iter().any(|group| {
        let prereleases = group
            .iter()
            .any(|constraint| !constraint.version.prerelease.is_empty());
        (version.prerelease.is_empty() || prereleases)
            && group.iter().all(|constraint| constraint.allows(&version))
    })))
}

/// One comparison, such as `>=1.2`.
struct Constraint {
    operator: Operator,
    version: Version,
    /// How many numbers were given: `1.x` gives one.
    given: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    TildeOrEqual,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// Groups of which one must hold; in a group, all must.
fn parse_constraints(text: &str) -> Result<Vec<Vec<Constraint>>> {
    let mut rewritten = text.to_owned();
    for range in RANGE.captures_iter(text) {
        let (Some(whole), Some(from), Some(to)) = (range.get(0), range.get(1), range.get(11)) else {
            continue;
        };
        let comparisons = format!(">= {}, <= {} ", from.as_str(), to.as_str());
        rewritten = rewritten.replacen(whole.as_str(), &comparisons, 1);
    }
    rewritten
        .split("||")
        .map(|group| {
            if !VALID_GROUP.is_match(group) {
                return Err(Fault::from(format!("improper constraint: {group}")));
            }
            CONSTRAINT
                .find_iter(group)
                .map(|constraint| parse_constraint(constraint.as_str()))
                .collect()
        })
        .collect()
}

fn parse_constraint(text: &str) -> Result<Constraint> {
    let captures = WHOLE_CONSTRAINT
        .captures(text)
        .ok_or_else(|| format!("improper constraint: {text}"))?;
    let part = |index| captures.get(index).map_or("", |part| part.as_str());
    let operator = match part(1) {
        "!=" => Operator::NotEqual,
        ">" => Operator::Greater,
        "<" => Operator::Less,
        ">=" | "=>" => Operator::GreaterOrEqual,
        "<=" | "=<" => Operator::LessOrEqual,
        "~" | "~>" => Operator::Tilde,
        "^" => Operator::Caret,
        _ => Operator::TildeOrEqual,
    };
    let is_open = |part: &str| matches!(part.trim_start_matches('.'), "" | "x" | "X" | "*");
    let prerelease = part(6);
    let (given, version) = if is_open(part(3)) {
        (0, format!("0.0.0{prerelease}"))
    } else if is_open(part(4)) {
        (1, format!("{}.0.0{prerelease}", part(3)))
    } else if is_open(part(5)) {
        (2, format!("{}{}.0{prerelease}", part(3), part(4)))
    } else {
        (3, part(2).to_owned())
    };
    let version = Version::parse(&version).map_err(|_| "constraint parser error")?;
    Ok(Constraint {
        operator,
        version,
        given,
    })
}

impl Constraint {
    /// Whether a version satisfies the comparison; pre-releases were decided on before.
    fn allows(&self, version: &Version) -> bool {
        let order = version.compare(&self.version);
        let ([major, minor, patch], [own_major, own_minor, own_patch]) =
            (version.numbers, self.version.numbers);
        let open = self.given < 3;
        // No number given opens the patch, but neither names the minor nor the major.
        let (minor_open, patch_open) = (self.given == 1, self.given == 2);
        match self.operator {
            Operator::Less => order.is_lt(),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::TildeOrEqual if !open => order.is_eq(),
            Operator::TildeOrEqual | Operator::Tilde => {
                if order.is_lt() {
                    return false;
                }
                if self.version.numbers == [0; 3] && !minor_open && !patch_open {
                    return true;
                }
                major == own_major && (minor == own_minor || minor_open)
            }
            Operator::NotEqual if open => {
                if major != own_major || (minor != own_minor && !minor_open) {
                    return true;
                }
                if minor_open {
                    return false;
                }
                if patch != own_patch && !patch_open {
                    return true;
                }
                if patch_open {
                    let either = !version.prerelease.is_empty() || !self.version.prerelease.is_empty();
                    return either
                        && compare_prereleases(&version.prerelease, &self.version.prerelease).is_ne();
                }
                order.is_ne()
            }
            Operator::NotEqual => order.is_ne(),
            Operator::Greater => {
                if !open {
                    return order.is_gt();
                }
                match major.cmp(&own_major) {
                    Ordering::Equal if minor_open => false,
                    Ordering::Equal if patch_open => minor > own_minor,
                    Ordering::Equal => order.is_gt(),
                    other => other.is_gt(),
                }
            }
            Operator::LessOrEqual => {
                if !open {
                    return order.is_le();
                }
                major < own_major || (major == own_major && (minor <= own_minor || minor_open))
            }
            Operator::Caret => {
                if order.is_lt() {
                    return false;
                }
                if own_major > 0 || minor_open {
                    return major == own_major;
                }
                if major > 0 {
                    return false;
                }
                if own_minor > 0 || patch_open {
                    return minor == own_minor;
                }
                minor == 0 && patch == own_patch
            }
        }
    }
}

fn receiver<'v>(args: &'v [Slot<'_>]) -> Result<&'v Version> {
    match args.first().map(|slot| &slot.val) {
        Some(Val::Version(version)) => Ok(version),
        _ => Err("not a version".into()),
    }
}

fn compare(args: &[Slot<'_>]) -> Result<Ordering> {
    Ok(receiver(args)?.compare(receiver(&args[1..])?))
}

const OPERATORS: &str = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";
const LOOSE: &str = r"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?";

static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?$",
    )
});
static WHOLE_CONSTRAINT: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"^\s*({OPERATORS})\s*({LOOSE})\s*$")));
static RANGE: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"\s*({LOOSE})\s+-\s+({LOOSE})\s*")));
static CONSTRAINT: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"({OPERATORS})\s*({LOOSE})")));
static VALID_GROUP: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"^(\s*({OPERATORS})\s*({LOOSE})\s*)((?:\s+|,\s*)({OPERATORS})\s*({LOOSE})\s*)*$"
    ))
});

/// A pattern of our own, which compiles: a test sees to it.
#[allow(clippy::expect_used)]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of our own compiles")
}
