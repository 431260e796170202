//! Types.

use crate::text_enum::text_enum;

text_enum! {
    /// A `LoadBalancerScheme`.
    pub enum LoadBalancerScheme {
        InternetFacing = "internet-facing",
        Internal = "internal",
    }
}

text_enum! {
    /// A `IdentityKind`.
    pub enum IdentityKind {
        Controller = "AWSClusterControllerIdentity",
        Role = "AWSClusterRoleIdentity",
        Static = "AWSClusterStaticIdentity",
    }
}

text_enum! {
    /// A `ZoneSelection`.
    pub enum ZoneSelection {
        Ordered = "Ordered",
        Random = "Random",
    }
}

text_enum! {
    /// A `HealthCheckProtocol`.
    pub enum HealthCheckProtocol {
        Tcp = "TCP",
        Ssl = "SSL",
        Http = "HTTP",
        Https = "HTTPS",
        Tls = "TLS",
        Udp = "UDP",
    }
}

text_enum! {
    /// A `ListenerProtocol`.
    pub enum ListenerProtocol {
        Tcp = "TCP",
    }
}

text_enum! {
    /// A `IpFamily`.
    pub enum IpFamily {
        Ipv4 = "ipv4",
        Ipv6 = "ipv6",
    }
}

text_enum! {
    /// A `DnsResolutionCheck`.
    pub enum DnsResolutionCheck {
        None = "None",
        Enabled = "Enabled",
    }
}

text_enum! {
    /// A `IngressProtocol`.
    pub enum IngressProtocol {
        All = "-1",
        IpInIp = "4",
        Tcp = "tcp",
        Udp = "udp",
        Icmp = "icmp",
        Icmpv6 = "58",
        Esp = "50",
    }
}

text_enum! {
    /// A `SecurityGroupRole`.
    pub enum SecurityGroupRole {
        Bastion = "bastion",
        Node = "node",
        ControlPlane = "controlplane",
        ApiServerLb = "apiserver-lb",
        Lb = "lb",
        NodeEksAdditional = "node-eks-additional",
    }
}

text_enum! {
    /// A `LoadBalancerType`.
    pub enum LoadBalancerType {
        Classic = "classic",
        Elb = "elb",
        Alb = "alb",
        Nlb = "nlb",
        Disabled = "disabled",
    }
}

text_enum! {
    /// A `ZoneType`.
    pub enum ZoneType {
        AvailabilityZone = "availability-zone",
        LocalZone = "local-zone",
        WavelengthZone = "wavelength-zone",
    }
}

text_enum! {
    /// A `PoolFallback`.
    pub enum PoolFallback {
        AmazonPool = "amazon-pool",
        None = "none",
    }
}

text_enum! {
    /// A `HostnameType`.
    pub enum HostnameType {
        IpName = "ip-name",
        ResourceName = "resource-name",
    }
}

text_enum! {
    /// A `SubnetSchema`.
    pub enum SubnetSchema {
        PreferPrivate = "PreferPrivate",
        PreferPublic = "PreferPublic",
    }
}

text_enum! {
    /// A `ConfidentialCompute`.
    pub enum ConfidentialCompute {
        Disabled = "Disabled",
        SevSnp = "AMDEncryptedVirtualizationNestedPaging",
    }
}

text_enum! {
    /// A `Toggle`.
    pub enum Toggle {
        Enabled = "enabled",
        Disabled = "disabled",
    }
}

text_enum! {
    /// A `HostAffinity`.
    pub enum HostAffinity {
        Default = "default",
        Host = "host",
    }
}

text_enum! {
    /// A `HttpTokens`.
    pub enum HttpTokens {
        Optional = "optional",
        Required = "required",
    }
}

text_enum! {
    /// A `MarketType`.
    pub enum MarketType {
        OnDemand = "OnDemand",
        Spot = "Spot",
        CapacityBlock = "CapacityBlock",
    }
}

text_enum! {
    /// A `TargetGroupProtocol`.
    pub enum TargetGroupProtocol {
        Tcp = "TCP",
        Tls = "TLS",
        Udp = "UDP",
        TcpLower = "tcp",
        TlsLower = "tls",
        UdpLower = "udp",
    }
}

text_enum! {
    /// A `LoadBalancerIpType`.
    pub enum LoadBalancerIpType {
        Ipv4 = "ipv4",
        Dualstack = "dualstack",
        DualstackWithoutPublicIpv4 = "dualstack-without-public-ipv4",
    }
}

text_enum! {
    /// A `EksLookupType`.
    pub enum EksLookupType {
        AmazonLinux = "AmazonLinux",
        AmazonLinuxGpu = "AmazonLinuxGPU",
        AmazonLinux2023 = "AmazonLinux2023",
        AmazonLinux2023Gpu = "AmazonLinux2023GPU",
    }
}

text_enum! {
    /// A `SecretsBackend`.
    pub enum SecretsBackend {
        SecretsManager = "secrets-manager",
        SsmParameterStore = "ssm-parameter-store",
    }
}

text_enum! {
    /// A `IgnitionVersion`.
    pub enum IgnitionVersion {
        V2_3 = "2.3",
        V3_0 = "3.0",
        V3_1 = "3.1",
        V3_2 = "3.2",
        V3_3 = "3.3",
        V3_4 = "3.4",
    }
}

text_enum! {
    /// A `Tenancy`.
    pub enum Tenancy {
        Default = "default",
        Dedicated = "dedicated",
        Host = "host",
    }
}

text_enum! {
    /// A `IgnitionStorage`.
    pub enum IgnitionStorage {
        ClusterObjectStore = "ClusterObjectStore",
        UnencryptedUserData = "UnencryptedUserData",
    }
}

text_enum! {
    /// A `NetworkInterfaceType`.
    pub enum NetworkInterfaceType {
        Interface = "interface",
        Efa = "efa",
    }
}

text_enum! {
    /// A `Architecture`.
    pub enum Architecture {
        Amd64 = "amd64",
        Arm64 = "arm64",
    }
}

text_enum! {
    /// A `OperatingSystem`.
    pub enum OperatingSystem {
        Linux = "linux",
        Windows = "windows",
    }
}
