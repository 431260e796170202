//! Enums for fields whose values upstream may add to: the known names, and a way out for every other.

/// Declares an enum that reads and writes strings and keeps the ones it does not know.
///
/// Reading never fails on a value that is newer than this library, and writes it back as it was read. The enum has
/// `as_str`, `Display`, `From<&str>`, `From<String>`, serde and, with the feature `schemars`, a JSON schema: any
/// string, so that an API server does not refuse what upstream adds; with `: listed` the names, for fields whose
/// upstream schema lists them.
///
/// ```
/// fleet_core::open_enum! {
///     /// How a volume is backed up.
///     pub enum VolumeMethod {
///         /// By the storage provider.
///         Snapshot = "snapshot",
///         /// File by file.
///         FileSystem = "fs-backup",
///     }
/// }
///
/// assert_eq!(serde_json::from_str::<VolumeMethod>(r#""fs-backup""#)?, VolumeMethod::FileSystem);
/// assert_eq!(VolumeMethod::from("dedup"), VolumeMethod::Other("dedup".into()));
/// assert_eq!(serde_json::to_string(&VolumeMethod::from("dedup"))?, r#""dedup""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident $(: $schema:ident)? {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(
                $(#[$variant_meta])*
                #[doc = concat!("Written `", stringify!($text), "`.")]
                $variant,
            )+
            /// A value this version of the library does not know, as it was read.
            Other(String),
        }

        impl $name {
            /// The value as it stands in a manifest.
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
                match text.as_str() {
                    $( $text => Self::$variant, )+
                    _ => Self::Other(text),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::__private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::__private::open_text(deserializer)
            }
        }

        $crate::__open_enum_schema!($name [$($schema)?] $($text)+);
    };
}

#[cfg(feature = "schemars")]
#[doc(hidden)]
#[macro_export]
macro_rules! __open_enum_schema {
    ($name:ident [$($schema:ident)?] $($text:literal)+) => {
        impl $crate::__private::schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(
                _: &mut $crate::__private::schemars::SchemaGenerator,
            ) -> $crate::__private::schemars::Schema {
                $crate::__open_enum_schema!(@body [$($schema)?] $($text)+)
            }
        }
    };
    (@body [] $($text:literal)+) => {
        $crate::__private::schemars::json_schema!({ "type": "string" })
    };
    (@body [listed] $($text:literal)+) => {
        $crate::__private::schemars::json_schema!({ "type": "string", "enum": [$($text),+] })
    };
}

#[cfg(not(feature = "schemars"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __open_enum_schema {
    ($($ignored:tt)*) => {};
}

/// What [`open_enum!`] writes into other crates; not an interface of its own.
#[doc(hidden)]
pub mod __private {
    use std::marker::PhantomData;

    #[cfg(feature = "schemars")]
    pub use schemars;
    pub use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Reads a text without an allocation for the values `T` knows.
    pub fn open_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
    where
        D: Deserializer<'de>,
        T: for<'a> From<&'a str> + From<String>,
    {
        struct Text<T>(PhantomData<T>);
        impl<T: for<'a> From<&'a str> + From<String>> serde::de::Visitor<'_> for Text<T> {
            type Value = T;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
                Ok(text.into())
            }

            fn visit_string<E: serde::de::Error>(self, text: String) -> Result<T, E> {
                Ok(text.into())
            }
        }
        deserializer.deserialize_string(Text(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    crate::open_enum! {
        /// Where a cluster stands.
        #[derive(Default)]
        pub enum Phase: listed {
            /// Asked for.
            #[default]
            Pending = "Pending",
            /// There.
            Provisioned = "Provisioned",
        }
    }

    #[test]
    fn known_and_unknown_values_are_written_as_they_were_read() {
        for (text, value) in [
            ("Provisioned", Phase::Provisioned),
            ("Hibernating", Phase::Other("Hibernating".into())),
            ("", Phase::Other(String::new())),
        ] {
            let json = Value::from(text);
            assert_eq!(serde_json::from_value::<Phase>(json.clone()).unwrap(), value);
            assert_eq!(serde_json::to_value(&value).unwrap(), json);
            assert_eq!(Phase::from(text.to_owned()), value);
            assert_eq!(value.to_string(), text);
        }
        assert_eq!(Phase::default(), Phase::Pending);
        let error = serde_json::from_str::<Phase>("3").unwrap_err();
        assert!(error.to_string().contains("expected a string"), "{error}");
    }

    #[cfg(feature = "schemars")]
    #[test]
    fn a_listed_enum_lists_its_names_in_the_schema() {
        let schema = schemars::schema_for!(Phase);
        assert_eq!(
            schema.get("enum"),
            Some(&serde_json::json!(["Pending", "Provisioned"]))
        );
    }
}
