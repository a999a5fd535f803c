import { type Markup, markup } from '../markup.js';

/**
 * The page's whole look. Series colours are Okabe and Ito's (told apart by colour-blind readers), darkened or lightened until they
 * stand out from a white or a dark page.
 */
const css = `
:root{color-scheme:light dark;--page:#fff;--ink:#1c2024;--soft:#5b6470;--line:#dde1e6;--faint:#eef0f3;--accent:#0064a4;--alert:#a33c00;
--c0:#0068ad;--c1:#c75000;--c2:#00805d;--c3:#a5477e;--c4:#9a6c00;--c5:#2a8fc4;--c6:#555b63}
@media (prefers-color-scheme:dark){:root{--page:#14171a;--ink:#e4e7ea;--soft:#9aa4af;--line:#32383f;--faint:#1f2429;--accent:#6cb8ee;--alert:#ff9a5c;
--c0:#5cb0ec;--c1:#f08a42;--c2:#35bd94;--c3:#dc8dbb;--c4:#e0b040;--c5:#9ad4f5;--c6:#b4bcc5}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 Charter,"Bitstream Charter","Iowan Old Style",Georgia,"Noto Serif",serif}
main,header,footer{max-width:1000px;margin:0 auto;padding:0 24px}
header{padding-top:44px}
.kind,nav,table,figure,dl,summary,pre,.chart,.bar-axis,.legend,footer,.clip{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
.kind{margin:0;font-size:13px;letter-spacing:.08em;text-transform:uppercase;color:var(--soft)}
h1{margin:6px 0 4px;font-size:34px;line-height:1.2;font-weight:600;overflow-wrap:anywhere}
h2{margin:56px 0 12px;padding-top:14px;border-top:1px solid var(--line);font-size:23px;line-height:1.3;font-weight:600}
h2.run-name{border-top:3px solid var(--ink);margin-top:80px;font-size:28px;overflow-wrap:anywhere}
h2.run-name+section h2{border-top:0;margin-top:8px}
h3{margin:32px 0 8px;font-size:18px;font-weight:600;overflow-wrap:anywhere}
p{margin:8px 0;max-width:44em}
.soft,.when{color:var(--soft)}
.when{margin:0;font-size:15px}
nav{margin:22px 0 0;font-size:14px;display:flex;flex-wrap:wrap;gap:4px 18px}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:5px 24px;margin:18px 0;font-size:14.5px;line-height:1.5}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.warnings{margin:18px 0;padding:10px 16px 10px 34px;border-left:3px solid var(--alert);background:var(--faint);font-size:15px}
.scroll{overflow-x:auto;margin:14px 0}
table{border-collapse:collapse;font-size:14px;line-height:1.4;font-variant-numeric:tabular-nums;width:100%}
caption{text-align:left;color:var(--soft);padding-bottom:8px;font-size:13.5px}
th{font-weight:600;text-align:left;vertical-align:bottom;border-bottom:1.5px solid var(--ink);padding:4px 14px 5px 0;white-space:nowrap}
tbody th{font-weight:400;border-bottom:0;white-space:normal;overflow-wrap:break-word;vertical-align:top}
td{padding:4px 14px 4px 0;vertical-align:top}
tbody td,tbody th{border-bottom:1px solid var(--faint)}
th:last-child,td:last-child{padding-right:0}
table.narrow{width:auto;min-width:min(100%,480px)}
.n{text-align:right;white-space:nowrap}
.interval-text{color:var(--soft);white-space:nowrap;font-size:13px}
td .phone,th .phone{display:none;color:var(--soft);font-size:12px}.note{display:block;font-size:13px;line-height:1.25}
td .soft{overflow-wrap:anywhere}tr.baseline th{padding-left:18px}tr.baseline th,tr.baseline td{color:var(--soft)}
tr.mean th,tr.mean td{font-weight:600}
td.plot,th.plot{width:46%;min-width:110px}.results td.plot,.results th.plot{width:24%}
.results tbody th{min-width:11em}.results .interval-text{display:block;line-height:1.25}
.results th{white-space:normal}
td.published,span.published,p.published{font-style:italic;color:var(--soft)}
p.finding{font-size:17px;margin-bottom:14px}
td.plot{padding-top:4px;padding-bottom:4px;vertical-align:top}
.bar{display:block;width:100%;height:18px;overflow:visible}
.bar-axis{display:flex;justify-content:space-between;font-size:11.5px;font-weight:400;color:var(--soft)}
.claims{padding-left:0;list-style:none}.claims>li{margin:0 0 20px;padding-left:14px;border-left:3px solid var(--line)}.claims p{margin:3px 0}.claims ul{margin:4px 0;padding-left:20px;font-size:15px}
.verdict{white-space:nowrap;font-family:system-ui,sans-serif;font-size:13.5px;font-weight:600;padding:1px 8px;border:1px solid currentColor;border-radius:10px;margin-left:4px}
.verdict.supported{color:var(--c2)}.verdict.notSupported{color:var(--alert)}.verdict.undecided,.verdict.notTested{color:var(--soft)}.verdict.notTested{border-style:dashed}
.charts.large{grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr))}
.class-pairs td.plot{width:30%}.class-pairs td.plot+td.plot,.class-pairs .n+.plot{width:22%}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(280px,1fr));gap:26px 30px;margin:18px 0}
figure{margin:0;min-width:0}
figcaption{font-size:14px;font-weight:600;margin-bottom:4px}
figcaption .soft{font-weight:400}
.chart{display:block;width:100%;height:auto;overflow:visible;font-size:12px;font-variant-numeric:tabular-nums}
svg text{fill:var(--ink)}svg .tick{fill:var(--soft);font-size:11.5px}svg .label{fill:var(--soft);font-size:12px}
.grid{stroke:var(--faint);stroke-width:1;vector-effect:non-scaling-stroke}
.map{max-width:760px}svg .class-label{font-size:13px;font-weight:600;paint-order:stroke;stroke:var(--page);stroke-width:3.5px;stroke-linejoin:round}.map .tick{font-size:12px}.map .label{font-size:13px}
.axis{stroke:var(--line);stroke-width:1}
.curve{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}.curve.faint{stroke-width:1;opacity:.38}
.curve.dashed{stroke-dasharray:2 3}.curve.published{stroke-dasharray:5 4;stroke-width:1.5}.whisker{fill:none;stroke-width:1.2;opacity:.75}.wide-chart{max-width:720px}.reliability{max-width:380px}
.cell-plot{display:block;overflow:visible;min-width:96px}.hollow-bar{fill:var(--page);stroke-width:1.5}.published-mark{stroke:var(--ink);stroke-dasharray:2.5 1.5}.zero{stroke:var(--soft)}
.outline{stroke-width:1.5}.mean-line{stroke-width:1.2}.mean-line.published{stroke-dasharray:5 4}
.mark{fill:none;stroke:var(--ink);stroke-width:1.5}.mark-text{font-size:12px;font-weight:600;paint-order:stroke;stroke:var(--page);stroke-width:4px;stroke-linejoin:round}
.value-end{stroke-width:2;vector-effect:non-scaling-stroke}
.interval{stroke:var(--ink);stroke-width:1.3;vector-effect:non-scaling-stroke}
.reference{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 2;vector-effect:non-scaling-stroke}
.marker{stroke-width:1}.marker.hollow{fill:var(--page);fill-opacity:.6;stroke-width:1.6}
.cell{fill:var(--faint);fill-opacity:.7}.cell.diagonal{stroke:var(--line);stroke-width:1}
.shade.right{fill:var(--c0)}.shade.wrong{fill:var(--c1)}
svg .count{font-size:12px}svg .count.on-dark{fill:var(--page);font-weight:600}
.legend{display:flex;flex-wrap:wrap;gap:3px 18px;list-style:none;margin:8px 0;padding:0;font-size:13px}
.legend li{display:flex;align-items:center;gap:6px;overflow-wrap:anywhere}.legend svg{width:14px;height:14px;flex:none}
.legend svg.line-sample{width:34px;height:14px}
.legend .swatch{width:18px;height:0;border-top:2.5px solid}
details{margin:8px 0}summary{cursor:pointer;font-size:13.5px;color:var(--accent)}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(170px,1fr));gap:18px 18px;margin:14px 0 6px}
.pictures img{display:block;width:100%;height:auto;aspect-ratio:1.05;image-rendering:pixelated;background:var(--faint)}
.pictures figcaption{margin:5px 0 0;font-size:13px;overflow-wrap:anywhere}
.clip{font-size:.92em;overflow-wrap:anywhere}
.ramp{display:block;width:200px;height:12px;image-rendering:auto}
.ramp-row{display:flex;align-items:center;gap:10px;font-size:13px;color:var(--soft);font-family:system-ui,sans-serif}
pre{margin:10px 0;padding:14px 16px;background:var(--faint);font:13px/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-x:auto;tab-size:2}
code{font:.9em ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
footer{margin-top:72px;padding-top:14px;padding-bottom:48px;font-size:13px;color:var(--soft)}
footer div{border-top:1px solid var(--line);padding-top:12px}
${[0, 1, 2, 3, 4, 5, 6].map((i) => `.stroke-${i}{stroke:var(--c${i})}.fill-${i}{fill:var(--c${i})}.tint-${i}{fill:var(--c${i});fill-opacity:.28}.swatch-${i}{border-color:var(--c${i})!important}`).join('\n')}
.tint-6{fill-opacity:.18}
@media (max-width:600px){main,header,footer{padding-left:16px;padding-right:16px}header{padding-top:28px}h1{font-size:27px}h2{margin-top:44px}
dl.facts{grid-template-columns:1fr;gap:0}dd{margin-bottom:9px}td,th{padding-right:10px}.wide,.results .plot{display:none}.class-pairs td.plot,.class-pairs th.plot,.class-pairs .cell-plot{min-width:76px}.class-pairs .n .interval-text{display:none}th .phone{display:block}.n .interval-text{display:block;line-height:1.25}caption{width:min(100%,calc(100vw - 32px))}table{font-size:13px}th.n{white-space:normal}.map .tick,.map .label{font-size:19px}svg .class-label{font-size:17px;stroke-width:5px}.large .tick,.large .label{font-size:15px}.results tbody th{min-width:8.5em}.pictures{grid-template-columns:repeat(2,1fr);gap:14px}}
@media print{:root{--page:#fff;--ink:#000;--soft:#444;--line:#bbb;--faint:#f0f0f0;--accent:#000}body{font-size:11pt}nav{display:none}main,header,footer{max-width:none;padding:0}
h2,h3,figcaption{break-after:avoid}figure,tr,.legend{break-inside:avoid}.scroll{overflow:visible}pre{white-space:pre-wrap}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;

export const style: Markup = markup(`<style>${css}</style>`);
