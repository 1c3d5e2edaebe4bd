extension LivePage {
  static let style = """
    :root{--ground:#f3f5f8;--card:#fff;--ink:#1b2330;--soft:#5a6675;--line:#dde2e9;--track:#e8ecf1;--accent:#1757b8;
    --good:#1a7f4b;--warn:#9a5b00;--bad:#b3261e;--shadow:0 1px 2px #1b23301a}
    @media (prefers-color-scheme:dark){
    :root{--ground:#10141a;--card:#1a2029;--ink:#e7ebf1;--soft:#9ba8b8;--line:#2d3643;--track:#28303c;--accent:#7db0ff;
    --good:#5fd39a;--warn:#f2b455;--bad:#ff8a80;--shadow:none}}
    *{box-sizing:border-box}
    body{margin:0 auto;max-width:1320px;padding:0 20px 20px;background:var(--ground);color:var(--ink);
    font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
    header{display:flex;flex-wrap:wrap;align-items:center;gap:8px 16px;padding:14px 0}
    h1{display:flex;align-items:center;gap:10px;margin:0;font-size:20px;min-width:0;flex:1 1 240px}
    h1 img{flex:none}
    h1 small{font-weight:400;font-size:14px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
    h2{margin:0 0 10px;font-size:15px}
    h2 small{float:right}
    small,.note,footer,dt,.axis{color:var(--soft);font-weight:400}
    .note,footer{font-size:13px;margin:8px 0 0}
    #state{display:flex;align-items:center;gap:8px;margin:0;font-size:14px;color:var(--soft)}
    #state i{width:10px;height:10px;border-radius:50%;background:currentColor}
    #state[data-state=reading]{color:var(--good)}
    #state[data-state=paused]{color:var(--warn)}
    #state[data-state=lost],#state[data-state=away]{color:var(--bad)}
    .actions{display:flex;gap:8px}
    button,.button{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:8px;
    padding:7px 14px;min-height:40px;text-decoration:none;cursor:pointer;box-shadow:var(--shadow)}
    button:hover,.button:hover{border-color:var(--soft)}
    button[disabled]{opacity:.5;cursor:default}
    :focus-visible{outline:3px solid var(--accent);outline-offset:2px}
    .skip{position:absolute;left:-9999px;top:8px;background:var(--card);padding:8px 12px;border-radius:8px}
    .skip:focus{left:8px;z-index:2}
    main{display:grid;grid-template-columns:minmax(0,3fr) minmax(290px,2fr);gap:16px;align-items:start;
    grid-template-areas:"stage now" "health now" "timeline timeline" "rows rows";grid-template-rows:auto 1fr}
    .stage{grid-area:stage}.now{grid-area:now}.health{grid-area:health}.timeline{grid-area:timeline}.rows{grid-area:rows}
    section{background:var(--card);border-radius:12px;padding:16px 18px;box-shadow:var(--shadow)}
    #frame{position:relative;background:#000;border-radius:8px;overflow:hidden;aspect-ratio:16/9}
    #frame img,#frame svg{position:absolute;inset:0;width:100%;height:100%;object-fit:contain}
    #frame img:not([src]){display:none}
    #empty[hidden]{display:none}
    #empty{position:absolute;inset:0;margin:0;display:grid;place-items:center;color:#aeb8c4}
    #overlay rect{fill:none}
    #overlay .halo{stroke:#000;opacity:.55}
    #overlay .tag{stroke:none;fill:#000;opacity:.72}
    #overlay text{fill:#fff;font-family:inherit;font-weight:600}
    .card{border:1px solid var(--line);border-radius:10px;padding:10px 12px;margin-bottom:10px}
    .card h3{display:flex;align-items:baseline;gap:8px;margin:0 0 6px;font-size:15px}
    .card h3 b{font-size:17px}
    .card .doing{margin:0 0 6px;font-size:13px;color:var(--soft)}
    .card .doing:empty{display:none}
    .card h3 span{margin-left:auto;white-space:nowrap;color:var(--soft);font-weight:400;font-size:13px}
    .card ul{list-style:none;margin:0;padding:0;font-size:13px}
    .card li{display:grid;grid-template-columns:88px 1fr 52px;align-items:center;gap:8px;line-height:20px}
    .card li.best{font-weight:700}
    .bar{height:9px;border-radius:3px;background:var(--track);overflow:hidden}
    .bar i{display:block;height:100%;border-radius:3px}
    .card em{font-style:normal;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
    .lane{display:grid;grid-template-columns:64px 1fr;align-items:center;gap:10px;margin-bottom:8px;font-size:13px}
    .lane canvas{display:block;width:100%;height:56px;border-radius:6px;background:var(--track)}
    #axis{display:flex;justify-content:space-between;margin-left:74px;font-size:12px;color:var(--soft)}
    #legend{display:flex;flex-wrap:wrap;gap:4px 16px;list-style:none;margin:10px 0 0;padding:0;font-size:13px}
    #legend i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px}
    dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:12px 14px;margin:0}
    dt{font-size:12px}
    dd{margin:0;font-size:19px;font-variant-numeric:tabular-nums;white-space:nowrap}
    dd.bad{color:var(--bad)}
    .warning{color:var(--warn);margin:0 0 10px}
    summary{font-weight:600;cursor:pointer}
    .scroll{overflow-x:auto;margin-top:10px}
    table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
    th,td{text-align:left;padding:3px 14px 3px 0;white-space:nowrap}
    th{color:var(--soft);font-weight:400;border-bottom:1px solid var(--line)}
    footer span{white-space:nowrap}
    .hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
    @media (max-width:820px){
    body{padding:0 12px 12px}
    main{grid-template-columns:minmax(0,1fr);gap:12px;grid-template-areas:"stage" "now" "timeline" "health" "rows";
    grid-template-rows:none}
    section{padding:12px 14px}
    .actions{width:100%}
    .actions>*{flex:1;text-align:center}
    .lane{grid-template-columns:50px 1fr}
    #axis{margin-left:60px}
    #axis span:nth-child(even){display:none}}
    @media (prefers-reduced-motion:no-preference){.bar i{transition:width .25s}}

    """
}
