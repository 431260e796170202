//! The images of virtual machines.

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A machine image; one of the fields is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// An image of a compute gallery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_gallery: Option<ComputeGalleryImage>,
    /// The id of an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// An image of the marketplace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marketplace: Option<MarketplaceImage>,
    /// An image of a shared gallery; deprecated for `computeGallery`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_gallery: Option<SharedGalleryImage>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An image of a compute gallery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComputeGalleryImage {
    /// The gallery.
    pub gallery: String,
    /// The name.
    pub name: String,
    /// The plan under which the image was bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<ImagePlan>,
    /// The resource group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// The subscription.
    #[serde(rename = "subscriptionID", skip_serializing_if = "Option::is_none")]
    pub subscription_id: Option<String>,
    /// The version of the image.
    pub version: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The plan under which an image was bought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImagePlan {
    /// The group of images.
    pub offer: String,
    /// Who made it.
    pub publisher: String,
    /// The image among the group's.
    pub sku: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An image of the marketplace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarketplaceImage {
    /// The group of images.
    pub offer: String,
    /// Who made it.
    pub publisher: String,
    /// The image among the group's.
    pub sku: String,
    /// Whether it needs a plan, since somebody else sells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub third_party_image: Option<bool>,
    /// The version of the image.
    pub version: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An image of a shared gallery; deprecated for `ComputeGalleryImage`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharedGalleryImage {
    /// The gallery.
    pub gallery: String,
    /// The name.
    pub name: String,
    /// The group of images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// The resource group.
    pub resource_group: String,
    /// The image among the group's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// The subscription.
    #[serde(rename = "subscriptionID")]
    pub subscription_id: String,
    /// The version of the image.
    pub version: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
