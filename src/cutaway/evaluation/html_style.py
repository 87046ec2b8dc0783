"""How reports look: one style sheet, for phone and desk, light and dark; nothing in it is fetched from elsewhere."""

STYLE = """
:root { color-scheme: light dark;
  --paper: #fbfbf9; --card: #ffffff; --ink: #1d2125; --faint: #5c646c; --line: #d9dcdf; --mark: #fff3d6;
  --s0: #0072b2; --s1: #d55e00; --s2: #007a59; --s3: #a8487f; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14171a; --card: #1c2024; --ink: #e8eaec; --faint: #9aa3ab; --line: #363c42; --mark: #3d3313;
  --s0: #56b4e9; --s1: #f08a3c; --s2: #2fc99b; --s3: #e39ac6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 1080px; margin: 0 auto; padding: 0 16px; }
header { padding-top: 24px; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 36px 0 10px; border-bottom: 1px solid var(--line); padding-bottom: 4px; }
h3 { font-size: 1rem; margin: 20px 0 6px; }
p { margin: 8px 0; max-width: 75ch; }
a { color: var(--s0); }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 12px 0; }
footer { color: var(--faint); font-size: .85rem; padding: 32px 16px; }
.faint { color: var(--faint); }
.state { display: inline-block; font-size: .85rem; padding: 1px 10px; border: 1px solid; border-radius: 99px; }
.running { color: var(--s0); } .finished { color: var(--s2); } .stopped { color: var(--s1); }
progress { width: 100%; max-width: 420px; accent-color: var(--s0); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
.tile, .chart, .example { background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.tile { padding: 10px 14px; }
.tile strong { display: block; font-size: 1.7rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { display: block; font-size: .9rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 12px; }
figure { margin: 0; }
.chart { padding: 10px; }
.chart svg { display: block; width: 100%; height: auto; }
.chart .title { font-weight: 600; }
svg text { fill: var(--faint); font: 13px system-ui, sans-serif; }
svg .grid { stroke: var(--line); stroke-width: 1; fill: none; }
svg .axis { stroke: var(--faint); stroke-width: 1; fill: none; }
svg .best { stroke: var(--faint); stroke-width: 1; stroke-dasharray: 2 4; fill: none; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); stroke-dasharray: 7 3; }
.s2 { stroke: var(--s2); stroke-dasharray: 2 3; } .s3 { stroke: var(--s3); stroke-dasharray: 9 3 2 3; }
svg circle { stroke: none; }
.d0 { fill: var(--s0); } .d1 { fill: var(--s1); } .d2 { fill: var(--s2); } .d3 { fill: var(--s3); }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: .85rem; align-items: center; }
.legend span { display: inline-flex; align-items: center; gap: 6px; }
.chart .legend svg { width: 30px; height: 8px; flex: none; }
.swatch { width: 14px; height: 14px; border-radius: 3px; flex: none; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin: 8px 0; }
th, td { padding: 3px 14px 3px 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; } td { overflow-wrap: break-word; } td:first-child { min-width: 8.5em; }
td.number { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; padding: 3px 8px; }
tr.marked td { background: var(--mark); }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; overflow-x: auto;
  font: .85rem/1.45 ui-monospace, monospace; }
summary { cursor: pointer; color: var(--s0); }
.example { padding: 10px; margin: 12px 0; }
.example figcaption { font-size: .9rem; margin-bottom: 6px; overflow-wrap: anywhere; }
.views { display: grid; grid-template-columns: repeat(4, minmax(0, 256px)); gap: 8px; }
.views div { font-size: .8rem; color: var(--faint); }
.views img { display: block; max-width: 100%; height: auto; border-radius: 4px; }
@media (max-width: 640px) { .views { grid-template-columns: repeat(2, minmax(0, 1fr)); } body { font-size: 15px; }
  svg text { font-size: 16px; } }
"""
"""Series colours follow Okabe and Ito (2008), told apart by the colour-blind, darkened or lightened for the paper;
the lines differ in their dashes as well."""
