//! Enums for values that upstream may add to: known names, and a way out for the others.

/// Declares an enum that reads and writes strings and keeps the ones it does not know.
///
/// `open` gives a schema of any string; `listed` one that lists the names, where upstream's does.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident: $schema:ident { $( $(#[$vmeta:meta])* $variant:ident = $text:literal, )+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$vmeta])* $variant, )+
            /// A value this version of the library does not know, as it was read.
            Other(String),
        }

        impl $name {
            /// The name as upstream writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text => Self::$variant, )+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                open_enum!(@schema $schema $($text)+)
            }
        }
    };
    (@schema open $($text:literal)+) => { schemars::json_schema!({ "type": "string" }) };
    (@schema listed $($text:literal)+) => { schemars::json_schema!({ "type": "string", "enum": [$($text),+] }) };
}

pub(crate) use open_enum;
