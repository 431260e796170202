//! Enums for fields whose values upstream may add to.

/// Makes an enum of known texts and an escape for every other: reading never fails on a value that is newer than
/// this library, and writes it back as it was read.
macro_rules! text_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
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

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // A visitor and not `String`, so that the known values cost no allocation.
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a string")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        Ok(text.into())
                    }

                    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<$name, E> {
                        Ok(text.into())
                    }
                }
                deserializer.deserialize_string(Text)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            // A plain string, as in the wire format: a list of values would refuse those upstream adds.
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string" })
            }
        }
    };
}
pub(crate) use text_enum;

#[cfg(test)]
mod tests {
    use crate::meta::ClusterPhase;

    #[test]
    fn known_and_unknown_values_are_written_as_they_were_read() {
        for (text, value) in [
            ("Provisioned", ClusterPhase::Provisioned),
            ("Hibernating", ClusterPhase::Other("Hibernating".into())),
            ("", ClusterPhase::Other(String::new())),
        ] {
            let json = serde_json::Value::from(text);
            assert_eq!(
                serde_json::from_value::<ClusterPhase>(json.clone()).unwrap(),
                value
            );
            assert_eq!(serde_json::to_value(&value).unwrap(), json);
            assert_eq!(ClusterPhase::from(text.to_owned()), value);
            assert_eq!(value.to_string(), text);
        }
        assert!(serde_json::from_str::<ClusterPhase>("3").is_err());
    }
}
