//! The values of AWS settings.

use fleet_core::open_enum;

open_enum! {
    /// From where the load balancer is reached.
    pub enum LoadBalancerScheme {
        InternetFacing = "internet-facing",
        Internal = "internal",
    }
}

open_enum! {
    /// The kind of AWS identity.
    pub enum IdentityKind {
        Controller = "AWSClusterControllerIdentity",
        Role = "AWSClusterRoleIdentity",
        Static = "AWSClusterStaticIdentity",
    }
}

open_enum! {
    /// How availability zones are picked.
    pub enum ZoneSelection {
        Ordered = "Ordered",
        Random = "Random",
    }
}

open_enum! {
    /// The protocol of a health check.
    pub enum HealthCheckProtocol {
        Tcp = "TCP",
        Ssl = "SSL",
        Http = "HTTP",
        Https = "HTTPS",
        Tls = "TLS",
        Udp = "UDP",
    }
}

open_enum! {
    /// The protocol of a listener.
    pub enum ListenerProtocol {
        Tcp = "TCP",
    }
}

open_enum! {
    /// IPv4 or IPv6.
    pub enum IpFamily {
        Ipv4 = "ipv4",
        Ipv6 = "ipv6",
    }
}

open_enum! {
    /// Whether the load balancer's name must resolve before the cluster goes on.
    pub enum DnsResolutionCheck {
        None = "None",
        Enabled = "Enabled",
    }
}

open_enum! {
    /// The protocol of traffic, by name or number.
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

open_enum! {
    /// Whose security group.
    pub enum SecurityGroupRole {
        Bastion = "bastion",
        Node = "node",
        ControlPlane = "controlplane",
        ApiServerLb = "apiserver-lb",
        Lb = "lb",
        NodeEksAdditional = "node-eks-additional",
    }
}

open_enum! {
    /// The kind of load balancer.
    pub enum LoadBalancerType {
        Classic = "classic",
        Elb = "elb",
        Alb = "alb",
        Nlb = "nlb",
        /// There is none: the API servers are reached by other means.
        Disabled = "disabled",
    }
}

open_enum! {
    /// The kind of zone.
    pub enum ZoneType {
        AvailabilityZone = "availability-zone",
        LocalZone = "local-zone",
        WavelengthZone = "wavelength-zone",
    }
}

open_enum! {
    /// Where elastic IPs come from when the pool is empty.
    pub enum PoolFallback {
        AmazonPool = "amazon-pool",
        None = "none",
    }
}

open_enum! {
    /// What the host name of an instance is made of.
    pub enum HostnameType {
        IpName = "ip-name",
        ResourceName = "resource-name",
    }
}

open_enum! {
    /// Which subnets get the larger part of the address range.
    pub enum SubnetSchema {
        PreferPrivate = "PreferPrivate",
        PreferPublic = "PreferPublic",
    }
}

open_enum! {
    /// Confidential computing.
    pub enum ConfidentialCompute {
        Disabled = "Disabled",
        /// AMD's SEV-SNP.
        SevSnp = "AMDEncryptedVirtualizationNestedPaging",
    }
}

open_enum! {
    /// On or off.
    pub enum Toggle {
        Enabled = "enabled",
        Disabled = "disabled",
    }
}

open_enum! {
    /// Whether a stopped instance comes back to the same host.
    pub enum HostAffinity {
        Default = "default",
        Host = "host",
    }
}

open_enum! {
    /// Whether the metadata service asks for a session token.
    pub enum HttpTokens {
        Optional = "optional",
        Required = "required",
    }
}

open_enum! {
    /// How the capacity is bought.
    pub enum MarketType {
        OnDemand = "OnDemand",
        Spot = "Spot",
        CapacityBlock = "CapacityBlock",
    }
}

open_enum! {
    /// The protocol of a target group.
    pub enum TargetGroupProtocol {
        Tcp = "TCP",
        Tls = "TLS",
        Udp = "UDP",
        TcpLower = "tcp",
        TlsLower = "tls",
        UdpLower = "udp",
    }
}

open_enum! {
    /// The addresses of the load balancer.
    pub enum LoadBalancerIpType {
        Ipv4 = "ipv4",
        Dualstack = "dualstack",
        DualstackWithoutPublicIpv4 = "dualstack-without-public-ipv4",
    }
}

open_enum! {
    /// Which of the EKS images is looked up.
    pub enum EksLookupType {
        AmazonLinux = "AmazonLinux",
        AmazonLinuxGpu = "AmazonLinuxGPU",
        AmazonLinux2023 = "AmazonLinux2023",
        AmazonLinux2023Gpu = "AmazonLinux2023GPU",
    }
}

open_enum! {
    /// Where bootstrap data is kept until the machine has read it.
    pub enum SecretsBackend {
        SecretsManager = "secrets-manager",
        SsmParameterStore = "ssm-parameter-store",
    }
}

open_enum! {
    /// The version of Ignition's configuration.
    pub enum IgnitionVersion {
        V2_3 = "2.3",
        V3_0 = "3.0",
        V3_1 = "3.1",
        V3_2 = "3.2",
        V3_3 = "3.3",
        V3_4 = "3.4",
    }
}

open_enum! {
    /// Whether hardware is shared with other customers.
    pub enum Tenancy {
        Default = "default",
        Dedicated = "dedicated",
        Host = "host",
    }
}

open_enum! {
    /// Where bootstrap data is kept.
    pub enum IgnitionStorage {
        ClusterObjectStore = "ClusterObjectStore",
        UnencryptedUserData = "UnencryptedUserData",
    }
}

open_enum! {
    /// The kind of network interface.
    pub enum NetworkInterfaceType {
        Interface = "interface",
        Efa = "efa",
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
