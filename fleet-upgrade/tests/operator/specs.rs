//! Specs for API servers, real ones too.

/// Specs that can be read.
pub const GOOD: [&str; 3] = [
    "{target: v1.31.4, stages: [{name: all}]}",
    "{target: 1.31.4-eks.3, hops: [v1.30.2], versions: [v1.30.9], clusters: 'env in (a, b)', deadline: 2026-06-30,
      stages: [{name: a, selector: {matchLabels: {env: test}}, soak: 5d, maxPerDay: 2},
               {name: b, pick: {share: 10%, order: [smallest]}, soak: {minTime: 1h, minSamples: 3}},
               {name: c, pick: {coverage: {labels: [cni], atMost: 4}}, completionThreshold: 90%, failureBudget: none},
               {name: d, pick: {names: [eu, us]}, approval: {before: {by: [ada], validFor: 7d}, after: {}}},
               {name: e, groups: [{name: eu, selector: region=eu, maxConcurrent: 3}, {name: us, selector: region=us}]}]}",
    "{target: v1.31.4, stages: [{name: all}], failureBudget: 3, unreachableBudget: none, clusterDeadline: 90m,
      preflight: required, backup: {maxAge: 24h}, gates: [{name: slo}, {name: jobs, when: after}],
      spread: [{labels: [pair], maxUnavailable: 1}, {maxUnavailable: 25%, weighBy: nodes}],
      onFailure: {remedies: [abort, shiftTraffic], goOn: {by: [ada]}}, unwellLimit: 6h,
      onChange: {joining: ignore, leaving: fail, atTarget: leaveOut, upgradedByOthers: accept, changedByOthers: stop},
      clusterCalendars: [{selector: env=production, calendar: {holidays: [2026-12-25]}}],
      calendar: {timeZone: Europe/Berlin, windows: [{days: Mon-Thu, start: '9:00', duration: 8h}, {days: [Sat], start: '22:30', duration: 1d}, {cron: '0 22 1 * *', duration: 4h}],
        freezes: [{from: 2026-12-20, to: '2027-01-06T08:00', reason: holidays}],
        holidays: ['2026-05-01', {date: '2026-10-03', name: unity}], allOf: [{windows: [{start: '00:00', duration: 12h}]}]}}",

];

/// Specs that say what no policy may, each behind the field that is to be named.
pub const WRONG: [(&str, &str); 48] = [
    (
        "windows[0]",
        "{target: v1.31.4, calendar: {windows: [{duration: 8h}]}, stages: [{name: a}]}",
    ),
    (
        "windows[0]",
        "{target: v1.31.4, calendar: {windows: [{cron: '0 9 * * *', start: '9:00', duration: 8h}]}, stages: [{name: a}]}",
    ),
    (
        "unwellLimit",
        "{target: v1.31.4, unwellLimit: 0s, stages: [{name: all}]}",
    ),
    (
        "leaving",
        "{target: v1.31.4, onChange: {leaving: panic}, stages: [{name: all}]}",
    ),
    ("target", "{stages: [{name: all}]}"),
    ("target", "{target: v1.31, stages: [{name: all}]}"),
    ("target", "{target: latest, stages: [{name: all}]}"),
    ("stages", "{target: v1.31.4}"),
    ("stages", "{target: v1.31.4, stages: []}"),
    ("stages[1]", "{target: v1.31.4, stages: [{name: a}, {name: a}]}"),
    ("name", "{target: v1.31.4, stages: [{name: ''}]}"),
    ("name", "{target: v1.31.4, stages: [{selector: env=test}]}"),
    (
        "hops[0]",
        "{target: v1.31.4, hops: [v1.30], stages: [{name: all}]}",
    ),
    (
        "maxConcurrent",
        "{target: v1.31.4, stages: [{name: a, maxConcurrent: 0}]}",
    ),
    (
        "maxConcurrent",
        "{target: v1.31.4, stages: [{name: a, maxConcurrent: 10%}]}",
    ),
    (
        "maxPerDay",
        "{target: v1.31.4, stages: [{name: a, maxPerDay: 0}]}",
    ),
    (
        "maxPerDay",
        "{target: v1.31.4, stages: [{name: a, maxPerDay: -1}]}",
    ),
    ("soak", "{target: v1.31.4, stages: [{name: a, soak: 5 days}]}"),
    (
        "soak",
        "{target: v1.31.4, stages: [{name: a, soak: {minTime: soon}}]}",
    ),
    (
        "soak",
        "{target: v1.31.4, stages: [{name: a, soak: {minSamples: 0}}]}",
    ),
    ("pick", "{target: v1.31.4, stages: [{name: a, pick: {}}]}"),
    (
        "pick",
        "{target: v1.31.4, stages: [{name: a, pick: {count: 1, share: 10%}}]}",
    ),
    (
        "count",
        "{target: v1.31.4, stages: [{name: a, pick: {count: 0}}]}",
    ),
    (
        "share",
        "{target: v1.31.4, stages: [{name: a, pick: {share: 101%}}]}",
    ),
    (
        "share",
        "{target: v1.31.4, stages: [{name: a, pick: {share: 0%}}]}",
    ),
    (
        "names",
        "{target: v1.31.4, stages: [{name: a, pick: {names: []}}]}",
    ),
    (
        "names",
        "{target: v1.31.4, stages: [{name: a, pick: {names: [eu, eu]}}]}",
    ),
    (
        "order",
        "{target: v1.31.4, stages: [{name: a, pick: {count: 1, order: [largest]}}]}",
    ),
    (
        "completionThreshold",
        "{target: v1.31.4, stages: [{name: a, completionThreshold: 0%}]}",
    ),
    (
        "failureBudget",
        "{target: v1.31.4, failureBudget: 0, stages: [{name: a}]}",
    ),
    (
        "failureBudget",
        "{target: v1.31.4, failureBudget: 10%, stages: [{name: a}]}",
    ),
    (
        "failureBudget",
        "{target: v1.31.4, stages: [{name: a, failureBudget: some}]}",
    ),
    (
        "unreachableBudget",
        "{target: v1.31.4, unreachableBudget: 0, stages: [{name: a}]}",
    ),
    (
        "clusterDeadline",
        "{target: v1.31.4, clusterDeadline: 0s, stages: [{name: a}]}",
    ),
    (
        "clusterDeadline",
        "{target: v1.31.4, clusterDeadline: '', stages: [{name: a}]}",
    ),
    (
        "maxAge",
        "{target: v1.31.4, backup: {maxAge: 0h}, stages: [{name: a}]}",
    ),
    (
        "validFor",
        "{target: v1.31.4, stages: [{name: a, approval: {before: {validFor: 0d}}}]}",
    ),
    (
        "by",
        "{target: v1.31.4, stages: [{name: a, approval: {before: {by: ['']}}}]}",
    ),
    (
        "preflight",
        "{target: v1.31.4, preflight: perhaps, stages: [{name: a}]}",
    ),
    (
        "when",
        "{target: v1.31.4, gates: [{name: slo, when: never}], stages: [{name: a}]}",
    ),
    (
        "gates[1]",
        "{target: v1.31.4, gates: [{name: slo}, {name: slo}], stages: [{name: a}]}",
    ),
    (
        "maxUnavailable",
        "{target: v1.31.4, spread: [{labels: [pair], maxUnavailable: 0}], stages: [{name: a}]}",
    ),
    (
        "weighBy",
        "{target: v1.31.4, spread: [{maxUnavailable: 1, weighBy: price}], stages: [{name: a}]}",
    ),
    (
        "remedies",
        "{target: v1.31.4, onFailure: {remedies: [abort, abort]}, stages: [{name: a}]}",
    ),
    (
        "start",
        "{target: v1.31.4, calendar: {windows: [{start: '25:00', duration: 8h}]}, stages: [{name: a}]}",
    ),
    (
        "duration",
        "{target: v1.31.4, calendar: {windows: [{start: '09:00', duration: 0m}]}, stages: [{name: a}]}",
    ),
    (
        "from",
        "{target: v1.31.4, calendar: {freezes: [{from: christmas, to: 2027-01-06, reason: rest}]}, stages: [{name: a}]}",
    ),
    (
        "deadline",
        "{target: v1.31.4, deadline: next week, stages: [{name: a}]}",
    ),
];
