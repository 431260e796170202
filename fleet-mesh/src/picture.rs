//! A plan as a picture: Mermaid for documents, SVG for everything else.

use std::f64::consts::TAU;
use std::fmt::Write as _;

use crate::plan::{Island, MeshPlan, PlannedMember, Role};

/// A picture shows every connection up to here; beyond, it says how many there are.
const MOST_LINKS: u64 = 400;

/// A Mermaid flow chart: a box for each island, a node for each member.
///
/// Of an island with more than 400 connections, the members are shown, and the number of connections.
pub fn mermaid(plan: &MeshPlan) -> String {
    let mut text = String::from("graph LR\n");
    let id = |plan: &MeshPlan, cluster: &str| {
        let place = plan
            .members()
            .iter()
            .position(|member| member.cluster == *cluster);
        format!("c{}", place.unwrap_or(0))
    };
    for (number, island) in plan.islands().iter().enumerate() {
        let _ = writeln!(text, "  subgraph i{number}[\"{}\"]", quoted(&title(island)));
        for member in members(plan, number) {
            let label = quoted(&label(member));
            let (open, close) = if member.role == Role::Hub {
                ("([", "])")
            } else {
                ("[", "]")
            };
            let _ = writeln!(
                text,
                "    {}{open}\"{label}\"{close}",
                id(plan, member.cluster.as_str())
            );
        }
        text.push_str("  end\n");
        if island.links() <= MOST_LINKS {
            for connection in island.connections() {
                let [one, other] = connection.ends().map(|cluster| id(plan, cluster.as_str()));
                let _ = writeln!(text, "  {one} --- {other}");
            }
        }
    }
    text
}

/// An SVG picture: each island a ring of its members, the hubs in the middle. Without scripts, fonts or anything from outside.
pub fn svg(plan: &MeshPlan) -> String {
    let islands: Vec<_> = plan
        .islands()
        .iter()
        .enumerate()
        .map(|(number, island)| Ring::new(plan, number, island))
        .collect();
    let columns = (1..=islands.len())
        .find(|columns| columns * columns >= islands.len())
        .unwrap_or(1);
    let cell = islands.iter().map(Ring::size).fold(240.0, f64::max);
    let rows = islands.len().div_ceil(columns).max(1);
    let (width, height) = (cell * columns as f64, cell * rows as f64);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<title>{}</title>\n",
        escaped(plan.name())
    );
    for (place, ring) in islands.iter().enumerate() {
        let centre = (
            cell * ((place % columns) as f64 + 0.5),
            cell * ((place / columns) as f64 + 0.5),
        );
        ring.draw(&mut text, centre, cell);
    }
    text.push_str("</svg>\n");
    text
}

/// An island on its way to a picture.
struct Ring<'a> {
    island: &'a Island,
    outer: Vec<&'a PlannedMember>,
    inner: Vec<&'a PlannedMember>,
}

impl<'a> Ring<'a> {
    fn new(plan: &'a MeshPlan, number: usize, island: &'a Island) -> Self {
        let (inner, outer) = members(plan, number).partition(|member| member.role == Role::Hub);
        Self { island, outer, inner }
    }

    /// The side of the square that it takes: so that neighbours on the ring stay apart.
    fn size(&self) -> f64 {
        let around = self.outer.len().max(self.inner.len() * 2) as f64;
        (around * 22.0 / TAU).max(80.0) * 2.0 + 220.0
    }

    fn draw(&self, text: &mut String, centre: (f64, f64), cell: f64) {
        let radius = (cell - 220.0) / 2.0;
        let places: Vec<_> = self
            .outer
            .iter()
            .enumerate()
            .map(|(place, member)| (*member, at(centre, radius, place, self.outer.len())))
            .chain(self.inner.iter().enumerate().map(|(place, member)| {
                let radius = if self.inner.len() == 1 { 0.0 } else { radius / 2.0 };
                (*member, at(centre, radius, place, self.inner.len()))
            }))
            .collect();
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-weight=\"bold\">{}</text>",
            centre.0,
            centre.1 - cell / 2.0 + 18.0,
            escaped(&title(self.island))
        );
        if self.island.links() <= MOST_LINKS {
            let find = |cluster: &str| {
                let found = places.iter().find(|(member, _)| member.cluster == *cluster);
                found.map_or(centre, |(_, place)| *place)
            };
            for connection in self.island.connections() {
                let [from, to] = connection.ends().map(|cluster| find(cluster.as_str()));
                let _ = writeln!(
                    text,
                    "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#9ab\"/>",
                    from.0, from.1, to.0, to.1
                );
            }
        }
        for (member, (x, y)) in &places {
            let colour = if member.role == Role::Hub { "#d73" } else { "#37a" };
            // Outwards from the ring, so that names do not cover connections.
            let right = *x >= centre.0 - 1.0;
            let (anchor, shift) = if right { ("start", 9.0) } else { ("end", -9.0) };
            let _ = writeln!(
                text,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\"><title>{}</title></circle>\n<text x=\"{:.1}\" \
                 y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
                escaped(&details(member)),
                x + shift,
                y + 4.0,
                escaped(&label(member))
            );
        }
    }
}

fn members(plan: &MeshPlan, island: usize) -> impl Iterator<Item = &PlannedMember> {
    plan.members()
        .iter()
        .filter(move |member| member.island == island)
}

fn at(centre: (f64, f64), radius: f64, place: usize, of: usize) -> (f64, f64) {
    let angle = TAU * place as f64 / of.max(1) as f64;
    (centre.0 + radius * angle.sin(), centre.1 - radius * angle.cos())
}

fn title(island: &Island) -> String {
    format!(
        "{}: {} clusters, {} connections",
        island.name,
        island.members.len(),
        island.links()
    )
}

fn label(member: &PlannedMember) -> String {
    match member.id {
        Some(id) => format!("{} ({id})", member.cluster),
        None => member.cluster.to_string(),
    }
}

fn details(member: &PlannedMember) -> String {
    let blocks: Vec<_> = member
        .networks
        .blocks()
        .map(|(kind, block)| format!("{kind} {block}"))
        .collect();
    format!("{} {}\n{}", member.cluster, member.version, blocks.join("\n"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn quoted(text: &str) -> String {
    text.replace('"', "#quot;")
}
