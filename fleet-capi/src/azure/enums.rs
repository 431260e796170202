//! The values of Azure settings.

use fleet_core::open_enum;

open_enum! {
    /// The tier of the bastion host.
    pub enum BastionSku {
        Basic = "Basic",
        Standard = "Standard",
    }
}

open_enum! {
    /// Whom a subnet is for.
    pub enum SubnetRole {
        Node = "node",
        ControlPlane = "control-plane",
        Bastion = "bastion",
        Cluster = "cluster",
    }
}

open_enum! {
    /// What happens to traffic.
    pub enum SecurityRuleAction {
        Allow = "Allow",
        Deny = "Deny",
    }
}

open_enum! {
    /// Where traffic goes.
    pub enum SecurityRuleDirection {
        Inbound = "Inbound",
        Outbound = "Outbound",
    }
}

open_enum! {
    /// The protocol of traffic.
    pub enum SecurityRuleProtocol {
        Tcp = "Tcp",
        Udp = "Udp",
        Icmp = "Icmp",
        Any = "*",
    }
}

open_enum! {
    /// What a rate limit is for.
    pub enum RateLimitName {
        Default = "defaultRateLimit",
        Route = "routeRateLimit",
        Subnets = "subnetsRateLimit",
        Interface = "interfaceRateLimit",
        RouteTable = "routeTableRateLimit",
        LoadBalancer = "loadBalancerRateLimit",
        PublicIpAddress = "publicIPAddressRateLimit",
        SecurityGroup = "securityGroupRateLimit",
        VirtualMachine = "virtualMachineRateLimit",
        StorageAccount = "storageAccountRateLimit",
        Disk = "diskRateLimit",
        Snapshot = "snapshotRateLimit",
        VirtualMachineScaleSet = "virtualMachineScaleSetRateLimit",
        VirtualMachineSizes = "virtualMachineSizesRateLimit",
        AvailabilitySet = "availabilitySetRateLimit",
    }
}

open_enum! {
    /// The kind of extended location.
    pub enum ExtendedLocationType {
        EdgeZone = "EdgeZone",
    }
}

open_enum! {
    /// Who makes the private DNS zone.
    pub enum PrivateDnsZone {
        /// The provider.
        System = "System",
        /// Nobody: there is none.
        None = "None",
    }
}

open_enum! {
    /// What of a disk is cached on the host.
    pub enum DiskCaching {
        None = "None",
        ReadOnly = "ReadOnly",
        ReadWrite = "ReadWrite",
    }
}

open_enum! {
    /// What of a confidential machine is encrypted.
    pub enum SecurityEncryptionType {
        VmGuestStateOnly = "VMGuestStateOnly",
        DiskWithVmGuestState = "DiskWithVMGuestState",
    }
}

open_enum! {
    /// Who owns the storage of boot diagnostics.
    pub enum DiagnosticsStorage {
        Managed = "Managed",
        UserManaged = "UserManaged",
        /// There are none.
        Disabled = "Disabled",
    }
}

open_enum! {
    /// Whose identity a machine has.
    pub enum VmIdentity {
        None = "None",
        SystemAssigned = "SystemAssigned",
        UserAssigned = "UserAssigned",
    }
}

open_enum! {
    /// Where an ephemeral disk is.
    pub enum DiffDiskOption {
        Local = "Local",
    }
}

open_enum! {
    /// Which disk of the host holds an ephemeral disk.
    pub enum DiffDiskPlacement {
        CacheDisk = "CacheDisk",
        NvmeDisk = "NvmeDisk",
        ResourceDisk = "ResourceDisk",
    }
}

open_enum! {
    /// How a machine is protected.
    pub enum SecurityType {
        ConfidentialVm = "ConfidentialVM",
        TrustedLaunch = "TrustedLaunch",
    }
}

open_enum! {
    /// What happens to a spot machine that is evicted.
    pub enum SpotEvictionPolicy {
        Deallocate = "Deallocate",
        Delete = "Delete",
    }
}

open_enum! {
    /// The processor architecture.
    pub enum Architecture {
        Amd64 = "amd64",
        Arm64 = "arm64",
    }
}

open_enum! {
    /// The operating system.
    pub enum OperatingSystem {
        Linux = "linux",
        Windows = "windows",
    }
}
