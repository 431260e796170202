//! What a scan says: findings, each with its place, its object and its rule.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use fleet_core::MinorVersion;
use serde::{Serialize, Serializer};

use crate::rules::Rule;

/// One thing that breaks, or may break, or could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule that was broken.
    pub rule: &'static Rule,
    /// How bad it is at the target version.
    pub severity: Severity,
    /// Where it stands.
    pub place: Place,
    /// The object it is about; empty fields where there is none.
    pub object: ObjectRef,
    /// The cluster, for live objects.
    pub cluster: Option<Arc<str>>,
    /// What installed the object.
    pub owner: Option<Arc<Owner>>,
    /// What to use instead, as far as the rule knows: `networking.k8s.io/v1 Ingress`.
    pub replacement: Option<Arc<str>>,
    /// The release that deprecated it: of Kubernetes, or of the platform component.
    pub deprecated_in: Option<MinorVersion>,
    /// The release that removed it: of Kubernetes, or of the platform component.
    pub removed_in: Option<MinorVersion>,
    /// What was found, and why it matters here. Findings that say the same share it.
    pub message: Arc<str>,
    /// How sure it is.
    pub confidence: Confidence,
}

impl Finding {
    /// A finding of this rule, with the rule's severity.
    pub(crate) fn new(
        rule: &'static Rule,
        place: Place,
        object: ObjectRef,
        message: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            rule,
            severity: rule.severity,
            place,
            object,
            cluster: None,
            owner: None,
            replacement: None,
            deprecated_in: None,
            removed_in: None,
            message: message.into(),
            confidence: Confidence::Certain,
        }
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// What makes it the same finding in another run: rule, file, object and what was found, but not the line, which moves.
    pub fn fingerprint(&self) -> String {
        let ObjectRef {
            api_version,
            kind,
            namespace,
            name,
        } = &self.object;
        // FNV-1a: stable across releases of Rust, unlike the standard library's hashers.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for part in [
            self.rule.id,
            // `./a.yaml` is `a.yaml`.
            self.place.file.trim_start_matches("./"),
            self.cluster.as_deref().unwrap_or(""),
            api_version,
            kind,
            namespace.as_deref().unwrap_or(""),
            name.as_deref().unwrap_or(""),
            &self.message,
        ] {
            for byte in part.bytes().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        format!("{hash:016x}")
    }

    /// The order of reports: by file, line, column and rule.
    pub(crate) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let key = |finding: &'_ Self| {
            (
                finding.place.file.clone(),
                finding.place.line,
                finding.place.column,
                finding.rule.id,
            )
        };
        key(self)
            .cmp(&key(other))
            .then_with(|| self.object.cmp(&other.object))
            .then_with(|| self.message.cmp(&other.message))
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums)] // The three of every report format.
pub enum Severity {
    /// Good to know.
    Info,
    /// Works at the target version, but not for long, or not as before.
    Warning,
    /// Breaks at the target version.
    Error,
}

impl Severity {
    /// `error`, `warning` or `info`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Confidence {
    /// The object was read.
    Certain,
    /// Only the text was seen: an unrendered template, or a document that cannot be parsed.
    Text,
    /// The writer may be a controller that merely passed the object on, or one that is long gone.
    Weak,
}

/// A place in the input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Place {
    /// The file as it was named, `-` for standard input, or a name such as `helm:shop/web.v2` for what is no file.
    pub file: Arc<str>,
    /// The line, from 1; 0 when it is about the whole.
    pub line: u64,
    /// The column in characters, from 1; 0 when it is about the whole.
    pub column: u64,
}

impl Place {
    /// A line and column of a file.
    pub fn new(file: impl Into<Arc<str>>, line: u64, column: u64) -> Self {
        Self {
            file: file.into(),
            line,
            column,
        }
    }

    /// A file as a whole.
    pub fn whole(file: impl Into<Arc<str>>) -> Self {
        Self::new(file, 0, 0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}

/// An object, by the names that people know it by.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct ObjectRef {
    /// `group/version`; empty when unknown.
    pub api_version: Cow<'static, str>,
    /// The kind; empty when unknown.
    pub kind: Cow<'static, str>,
    /// The namespace, when there is one.
    pub namespace: Option<String>,
    /// The name, when there is one.
    pub name: Option<String>,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.api_version, self.kind)?;
        match (&self.namespace, &self.name) {
            (Some(namespace), Some(name)) => write!(f, " {namespace}/{name}"),
            (None, Some(name)) => write!(f, " {name}"),
            _ => Ok(()),
        }
    }
}

/// What installed an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind")]
#[non_exhaustive]
pub enum Owner {
    /// A Helm release.
    HelmRelease(HelmOwner),
    /// An Argo CD application.
    Application {
        /// The application's name, with its namespace where the tracking id has one.
        name: String,
    },
    /// Whoever wrote fields of a live object.
    Writer {
        /// The field manager.
        manager: String,
        /// `Apply` or `Update`.
        operation: String,
        /// When it wrote last, as the server says.
        #[serde(skip_serializing_if = "Option::is_none")]
        time: Option<String>,
    },
}

/// A Helm release, and where in it something was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HelmOwner {
    /// The release.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The revision; 0 when only an annotation of the object names the release.
    pub revision: u64,
    /// `deployed`, `failed`, `superseded` and so on.
    pub status: String,
    /// The record: `Secret/sh.helm.release.v1.web.v2`.
    pub record: String,
    /// `manifest` or `hook`.
    pub part: &'static str,
    /// The chart's template that rendered it, when Helm left a note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The line in the release's manifest, from 1.
    pub line: u64,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // An annotation names the release, and not its revision.
            Self::HelmRelease(release) if release.revision == 0 => {
                write!(f, "Helm release {}/{}", release.namespace, release.name)
            }
            Self::HelmRelease(release) => write!(
                f,
                "Helm release {}/{} revision {} ({})",
                release.namespace, release.name, release.revision, release.status
            ),
            Self::Application { name } => write!(f, "Argo CD application {name}"),
            Self::Writer {
                manager, operation, ..
            } => write!(f, "{manager} ({operation})"),
        }
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut out = serializer.serialize_struct("Finding", 20)?;
        out.serialize_field("rule", self.rule.id)?;
        out.serialize_field("severity", &self.severity)?;
        out.serialize_field("file", self.place.file.as_ref())?;
        out.serialize_field("line", &(self.place.line > 0).then_some(self.place.line))?;
        out.serialize_field("column", &(self.place.column > 0).then_some(self.place.column))?;
        let known = |text: &Cow<'static, str>| (!text.is_empty()).then(|| text.to_string());
        out.serialize_field("kind", &known(&self.object.kind))?;
        out.serialize_field("apiVersion", &known(&self.object.api_version))?;
        out.serialize_field("namespace", &self.object.namespace)?;
        out.serialize_field("name", &self.object.name)?;
        out.serialize_field("replacement", &self.replacement.as_deref())?;
        out.serialize_field("deprecatedIn", &self.deprecated_in)?;
        out.serialize_field("removedIn", &self.removed_in)?;
        out.serialize_field("message", self.message.as_ref())?;
        out.serialize_field("fix", self.rule.fix)?;
        out.serialize_field("link", self.rule.link)?;
        out.serialize_field("confidence", &self.confidence)?;
        out.serialize_field("cluster", &self.cluster.as_deref())?;
        out.serialize_field("owner", &self.owner.as_deref())?;
        out.serialize_field("fingerprint", &self.fingerprint())?;
        out.end()
    }
}
