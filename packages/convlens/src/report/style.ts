/** The looks of a report: light and dark, from a phone to a projector. */
export const style = `
:root { color-scheme: light dark; --ink: #1d2330; --soft: #5b6475; --paper: #fff; --line: #d8dce4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --soft: #a3acbd; --paper: #14171d; --line: #333a47; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.7rem; } h2 { margin-top: 2.2rem; font-size: 1.25rem; } p { color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .8rem; margin: 0; }
.facts div { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .8rem; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; font-weight: 600; }
pre, .scroll { overflow-x: auto; } pre { border: 1px solid var(--line); border-radius: .5rem; padding: .8rem; font-size: .85rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1rem; }
figure { margin: 0; } svg { max-width: 100%; height: auto; }
.confusion { border-collapse: collapse; font-variant-numeric: tabular-nums; } .confusion td, .confusion th { min-width: 2.4rem; padding: .25rem .4rem; text-align: right; font-size: .9rem; }
.confusion .share { color: var(--soft); }
img { image-rendering: pixelated; border: 1px solid var(--line); vertical-align: middle; max-width: 100%; }
.strip { display: flex; flex-wrap: wrap; gap: 4px; align-items: center; margin: .4rem 0; } .strip span { width: 12rem; font-size: .85rem; color: var(--soft); }
summary { cursor: pointer; padding: .3rem 0; } .mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: 1rem; font-size: .9rem; }
@media (max-width: 40rem) { .strip span { width: 100%; } .charts figure { overflow-x: auto; } .charts svg { min-width: 30rem; } }
`;
