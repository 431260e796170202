//! The values of AWS settings.

use crate::text_enum::text_enum;

text_enum! {
    /// From where the load balancer is reached.
    pub enum LoadBalancerScheme {
        InternetFacing = "internet-facing",
        Internal = "internal",
    }
}

text_enum! {
    /// The kind of AWS identity.
    pub enum IdentityKind {
        Controller = "AWSClusterControllerIdentity",
        Role = "AWSClusterRoleIdentity",
        Static = "AWSClusterStaticIdentity",
    }
}

text_enum! {
    /// How availability zones are picked.
    pub enum ZoneSelection {
        Ordered = "Ordered",
        Random = "Random",
    }
}

text_enum! {
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

text_enum! {
    /// The protocol of a listener.
    pub enum ListenerProtocol {
        Tcp = "TCP",
    }
}

text_enum! {
    /// IPv4 or IPv6.
    pub enum IpFamily {
        Ipv4 = "ipv4",
        Ipv6 = "ipv6",
    }
}

text_enum! {
    /// Whether the load balancer's name must resolve before the cluster goes on.
    pub enum DnsResolutionCheck {
        None = "None",
        Enabled = "Enabled",
    }
}

text_enum! {
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

text_enum! {
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

text_enum! {
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

text_enum! {
    /// The kind of zone.
    pub enum ZoneType {
        AvailabilityZone = "availability-zone",
        LocalZone = "local-zone",
        WavelengthZone = "wavelength-zone",
    }
}

text_enum! {
    /// Where elastic IPs come from when the pool is empty.
    pub enum PoolFallback {
        AmazonPool = "amazon-pool",
        None = "none",
    }
}

text_enum! {
    /// What the host name of an instance is made of.
    pub enum HostnameType {
        IpName = "ip-name",
        ResourceName = "resource-name",
    }
}

text_enum! {
    /// Which subnets get the larger part of the address range.
    pub enum SubnetSchema {
        PreferPrivate = "PreferPrivate",
        PreferPublic = "PreferPublic",
    }
}

text_enum! {
    /// Confidential computing.
    pub enum ConfidentialCompute {
        Disabled = "Disabled",
        /// AMD's SEV-SNP.
        SevSnp = "AMDEncryptedVirtualizationNestedPaging",
    }
}

text_enum! {
    /// On or off.
    pub enum Toggle {
        Enabled = "enabled",
        Disabled = "disabled",
    }
}

text_enum! {
    /// Whether a stopped instance comes back to the same host.
    pub enum HostAffinity {
        Default = "default",
        Host = "host",
    }
}

text_enum! {
    /// Whether the metadata service asks for a session token.
    pub enum HttpTokens {
        Optional = "optional",
        Required = "required",
    }
}

text_enum! {
    /// How the capacity is bought.
    pub enum MarketType {
        OnDemand = "OnDemand",
        Spot = "Spot",
        CapacityBlock = "CapacityBlock",
    }
}

text_enum! {
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

text_enum! {
    /// The addresses of the load balancer.
    pub enum LoadBalancerIpType {
        Ipv4 = "ipv4",
        Dualstack = "dualstack",
        DualstackWithoutPublicIpv4 = "dualstack-without-public-ipv4",
    }
}

text_enum! {
    /// Which of the EKS images is looked up.
    pub enum EksLookupType {
        AmazonLinux = "AmazonLinux",
        AmazonLinuxGpu = "AmazonLinuxGPU",
        AmazonLinux2023 = "AmazonLinux2023",
        AmazonLinux2023Gpu = "AmazonLinux2023GPU",
    }
}

text_enum! {
    /// Where bootstrap data is kept until the machine has read it.
    pub enum SecretsBackend {
        SecretsManager = "secrets-manager",
        SsmParameterStore = "ssm-parameter-store",
    }
}

text_enum! {
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

text_enum! {
    /// Whether hardware is shared with other customers.
    pub enum Tenancy {
        Default = "default",
        Dedicated = "dedicated",
        Host = "host",
    }
}

text_enum! {
    /// Where bootstrap data is kept.
    pub enum IgnitionStorage {
        ClusterObjectStore = "ClusterObjectStore",
        UnencryptedUserData = "UnencryptedUserData",
    }
}

text_enum! {
    /// The kind of network interface.
    pub enum NetworkInterfaceType {
        Interface = "interface",
        Efa = "efa",
    }
}

text_enum! {
    /// The processor architecture.
    pub enum Architecture {
        Amd64 = "amd64",
        Arm64 = "arm64",
    }
}

text_enum! {
    /// The operating system.
    pub enum OperatingSystem {
        Linux = "linux",
        Windows = "windows",
    }
}
