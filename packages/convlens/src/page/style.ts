/** The style sheet of a page. */
export const style = `
:root { color-scheme: light dark; --ink: #1d2330; --soft: #5b6475; --paper: #fff; --line: #d8dce4; --link: #035aab; --warn: #f1bc0c; --shade: #1d23302b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --soft: #a3acbd; --paper: #14171d; --line: #333a47; --link: #6db4f7; --warn: #ffe148; --shade: #a3acbd38; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.7rem; } h2 { margin-top: 2.6rem; font-size: 1.35rem; scroll-margin-top: .5rem; } h3 { margin: 1.6rem 0 .4rem; font-size: 1.05rem; }
p { color: var(--soft); max-width: 46rem; } a { color: var(--link); } b, strong { color: var(--ink); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
nav ol { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1rem; padding: 0; margin: 1rem 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .8rem; margin: 0; }
.facts div { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .8rem; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; font-weight: 600; }
/* A shadow marks the edge beyond which content continues; the background that scrolls with the content hides it at the ends. */
.scroll { overflow-x: auto; background: linear-gradient(to right, var(--paper) 40%, transparent) left local, linear-gradient(to left, var(--paper) 40%, transparent) right local, linear-gradient(to right, var(--shade), transparent) left scroll, linear-gradient(to left, var(--shade), transparent) right scroll; background-size: 2.4rem 100%, 2.4rem 100%, 1rem 100%, 1rem 100%; background-repeat: no-repeat; }
pre { width: max-content; min-width: calc(100% - 2rem); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem; font-size: .85rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1rem; }
figure { margin: 0; min-width: 0; } section > figure, section > .facts, section > .charts { margin-top: 1rem; } figcaption { font-size: .9rem; margin-top: .25rem; } .about { color: var(--soft); display: block; }
svg { max-width: 100%; height: auto; } .scroll svg { max-width: none; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
td, th { padding: .25rem .7rem .25rem 0; text-align: left; white-space: nowrap; } thead th { border-bottom: 1px solid var(--line); color: var(--soft); font-weight: 500; } tbody th { font-weight: 500; }
.number { text-align: right; }
.confusion td, .confusion th { min-width: 2.4rem; padding: .25rem .4rem; text-align: right; }
.confusion .share { color: var(--soft); }
img { image-rendering: pixelated; border: 1px solid var(--line); vertical-align: middle; max-width: 100%; }
.strip { display: flex; flex-wrap: wrap; gap: 4px; align-items: center; margin: .4rem 0; } .strip > span { width: 12rem; font-size: .85rem; color: var(--soft); }
.gallery { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; margin: .8rem 0; } .gallery figure { max-width: 100%; }
/* As wide as the picture above, but at least as wide as a long word. */
.gallery figcaption { contain: inline-size; min-width: 9rem; }
.note { border-left: 4px solid var(--warn); padding: .2rem .8rem .2rem 1.8rem; color: var(--ink); } .note li { margin: .3rem 0; }
.dark { display: none; } @media (prefers-color-scheme: dark) { .dark { display: block; } .light { display: none; } }
.narrow { display: none; } @media (max-width: 40rem) { .narrow { display: block; } .wide { display: none; } .strip > span { width: 100%; } }
`;
