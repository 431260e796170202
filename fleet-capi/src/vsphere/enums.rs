//! The values of vSphere settings.

use fleet_core::open_enum;

open_enum! {
    /// What holds the credentials.
    pub enum IdentityKind {
        ClusterIdentity = "VSphereClusterIdentity",
        Secret = "Secret",
    }
}

open_enum! {
    /// How a machine is made from its template.
    pub enum CloneMode {
        /// With disks of its own.
        Full = "fullClone",
        /// On a snapshot of the template's disks.
        Linked = "linkedClone",
    }
}

open_enum! {
    /// When the space of a disk is taken.
    pub enum DiskProvisioning {
        /// As it is written.
        Thin = "Thin",
        /// At once.
        Thick = "Thick",
        /// At once, and overwritten.
        EagerlyZeroed = "EagerlyZeroed",
    }
}

open_enum! {
    /// Whether fault-tolerance traffic is encrypted.
    pub enum FaultToleranceEncryption {
        Disabled = "ftEncryptionDisabled",
        /// Where both hosts can.
        Opportunistic = "ftEncryptionOpportunistic",
        Required = "ftEncryptionRequired",
    }
}

open_enum! {
    /// Whether `vMotion` traffic is encrypted.
    pub enum MigrationEncryption {
        Disabled = "disabled",
        /// Where both hosts can.
        Opportunistic = "opportunistic",
        Required = "required",
    }
}

open_enum! {
    /// How a machine is powered off.
    pub enum PowerOffMode {
        /// At once.
        Hard = "hard",
        /// By its guest, however long that takes.
        Soft = "soft",
        /// By its guest, and at once when that takes too long.
        TrySoft = "trySoft",
    }
}
