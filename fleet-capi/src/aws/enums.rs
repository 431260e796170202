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

open_enum! {
    /// What says who may use an EKS cluster.
    pub enum AuthenticationMode {
        /// The ConfigMap `aws-auth`.
        ConfigMap = "config_map",
        /// Access entries.
        Api = "api",
        /// Both.
        ApiAndConfigMap = "api_and_config_map",
    }
}

open_enum! {
    /// How far an access policy reaches.
    pub enum AccessScopeType {
        Cluster = "cluster",
        Namespace = "namespace",
    }
}

open_enum! {
    /// What kind of principal an access entry is for.
    pub enum AccessEntryType {
        Standard = "standard",
        Ec2Linux = "ec2_linux",
        Ec2Windows = "ec2_windows",
        FargateLinux = "fargate_linux",
        Ec2 = "ec2",
        HybridLinux = "hybrid_linux",
        HyperpodLinux = "hyperpod_linux",
    }
}

open_enum! {
    /// What happens to settings of an EKS add-on that somebody changed.
    pub enum AddonConflictResolution {
        /// They are set back.
        Overwrite = "overwrite",
        /// The add-on is not changed.
        None = "none",
        /// They are kept.
        Preserve = "preserve",
    }
}

open_enum! {
    /// How the kubeconfig gets its tokens.
    pub enum TokenMethod {
        IamAuthenticator = "iam-authenticator",
        AwsCli = "aws-cli",
    }
}

open_enum! {
    /// What happens to an EKS cluster at the end of standard support.
    pub enum UpgradePolicy {
        /// It goes on, at a higher price.
        Extended = "extended",
        /// AWS upgrades it.
        Standard = "standard",
    }
}

open_enum! {
    /// Which subnets of an availability zone are used.
    pub enum ZoneSubnetType {
        Public = "public",
        Private = "private",
        All = "all",
    }
}

open_enum! {
    /// What happens when a lifecycle hook gets no answer.
    pub enum LifecycleHookResult {
        Continue = "CONTINUE",
        Abandon = "ABANDON",
    }
}

open_enum! {
    /// When a lifecycle hook is called.
    pub enum LifecycleTransition {
        Launching = "autoscaling:EC2_INSTANCE_LAUNCHING",
        Terminating = "autoscaling:EC2_INSTANCE_TERMINATING",
    }
}

open_enum! {
    /// Which instance types on-demand capacity is bought of.
    pub enum OnDemandAllocationStrategy {
        /// In the order of the overrides.
        Prioritized = "prioritized",
        LowestPrice = "lowest-price",
    }
}

open_enum! {
    /// Which pools spot capacity is bought from.
    pub enum SpotAllocationStrategy {
        LowestPrice = "lowest-price",
        CapacityOptimized = "capacity-optimized",
        CapacityOptimizedPrioritized = "capacity-optimized-prioritized",
        PriceCapacityOptimized = "price-capacity-optimized",
    }
}

open_enum! {
    /// The machine image of an EKS node group.
    pub enum EksAmiType {
        Al2X86_64 = "AL2_x86_64",
        Al2X86_64Gpu = "AL2_x86_64_GPU",
        Al2Arm64 = "AL2_ARM_64",
        Custom = "CUSTOM",
        BottlerocketArm64 = "BOTTLEROCKET_ARM_64",
        BottlerocketX86_64 = "BOTTLEROCKET_x86_64",
        BottlerocketArm64Fips = "BOTTLEROCKET_ARM_64_FIPS",
        BottlerocketX86_64Fips = "BOTTLEROCKET_x86_64_FIPS",
        BottlerocketArm64Nvidia = "BOTTLEROCKET_ARM_64_NVIDIA",
        BottlerocketX86_64Nvidia = "BOTTLEROCKET_x86_64_NVIDIA",
        WindowsCore2019X86_64 = "WINDOWS_CORE_2019_x86_64",
        WindowsFull2019X86_64 = "WINDOWS_FULL_2019_x86_64",
        WindowsCore2022X86_64 = "WINDOWS_CORE_2022_x86_64",
        WindowsFull2022X86_64 = "WINDOWS_FULL_2022_x86_64",
        Al2023X86_64Standard = "AL2023_x86_64_STANDARD",
        Al2023Arm64Standard = "AL2023_ARM_64_STANDARD",
        Al2023X86_64Neuron = "AL2023_x86_64_NEURON",
        Al2023X86_64Nvidia = "AL2023_x86_64_NVIDIA",
        Al2023Arm64Nvidia = "AL2023_ARM_64_NVIDIA",
    }
}

open_enum! {
    /// How the capacity of a node group is bought.
    pub enum CapacityType {
        OnDemand = "onDemand",
        Spot = "spot",
    }
}

open_enum! {
    /// What the taint of a node group does to pods that do not tolerate it.
    pub enum NodeTaintEffect {
        /// New ones stay away.
        NoSchedule = "no-schedule",
        /// Running ones are evicted as well.
        NoExecute = "no-execute",
        /// New ones stay away if they can.
        PreferNoSchedule = "prefer-no-schedule",
    }
}
