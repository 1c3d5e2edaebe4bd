/// Style and script of the HTML report.
enum HTMLReportParts {
  static let style = """
    :root{--ground:#fff;--card:#f5f6f8;--ink:#1d2430;--soft:#5d6776;--line:#d9dde3;--mark:#111}
    @media (prefers-color-scheme:dark){
    :root{--ground:#14181e;--card:#1e242c;--ink:#e6e9ee;--soft:#9aa5b3;--line:#343c47;--mark:#fff}}
    *{box-sizing:border-box}
    body{margin:0 auto;max-width:1200px;padding:24px;background:var(--ground);color:var(--ink);
    font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
    h1{margin:0;font-size:26px;overflow-wrap:anywhere}
    h2{margin:0 0 10px;font-size:18px}
    h3{margin:0 0 4px;font-size:13px;font-weight:600;color:var(--soft)}
    small,.note,footer,.axis,summary{color:var(--soft);font-size:13px;font-weight:400}
    header p{margin:4px 0 0}
    a{color:inherit}
    section{background:var(--card);border-radius:10px;padding:16px 18px;margin:18px 0}
    .top{display:grid;grid-template-columns:minmax(260px,2fr) 3fr;gap:22px}
    video{display:block;width:100%;aspect-ratio:16/9;background:#000;border-radius:6px}
    .player label{display:block;margin-top:6px;font-size:13px;color:var(--soft)}
    input{font:inherit;color:inherit;max-width:100%}
    table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
    th,td{padding:3px 10px 3px 0;text-align:left;font-weight:400;white-space:nowrap}
    thead th{color:var(--soft);font-size:13px;border-bottom:1px solid var(--line)}
    .overview .bar{width:60%}
    .overview svg{display:block;width:100%;height:16px;border-radius:3px}
    .legend{margin:10px 0 0;display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px}
    i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px}
    .lanes{display:grid;grid-template-columns:1fr 250px;gap:24px}
    .chart{position:relative;cursor:crosshair;align-self:start}
    .chart svg{display:block;width:100%;background:var(--line)}
    .strip{height:22px;border-radius:4px 4px 0 0;margin-bottom:2px}
    .bands{height:150px;border-radius:0 0 4px 4px}
    .axis{position:relative;height:20px}
    .axis span{position:absolute;transform:translateX(-50%);top:2px}
    .axis span:first-child{transform:none}
    .axis .last{transform:translateX(-100%)}
    .cursor{position:absolute;top:0;bottom:20px;width:2px;margin-left:-1px;background:var(--mark);display:none;
    pointer-events:none}
    .values ul{list-style:none;margin:0;padding:0;font-size:13px}
    .values li{display:grid;grid-template-columns:17px 82px 1fr 44px;align-items:center;line-height:21px}
    .values span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
    .values b{display:block;height:9px;background:var(--line);border-radius:3px;overflow:hidden}
    .values u{display:block;height:100%}
    .values em{font-style:normal;text-align:right;font-variant-numeric:tabular-nums}
    .values .best span{font-weight:700}
    .unread{background:var(--line)}
    .hatched{background:repeating-linear-gradient(115deg,var(--soft) 0 3px,transparent 3px 6px);border:1px solid var(--soft)}
    .made{margin:0 0 6px}
    .chart:focus-visible,.segments tr:focus-visible{outline:2px solid var(--mark);outline-offset:2px}
    .none{fill:transparent}
    .reference{height:12px;border-radius:0}
    .unknown{fill:var(--soft)}
    .tabs{display:flex;flex-wrap:wrap;gap:6px;margin:18px 0 -8px;position:sticky;top:0;z-index:1;background:var(--ground);padding:6px 0}
    .tabs[hidden]{display:none}
    button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:16px;padding:3px 14px;cursor:pointer}
    button.on{background:var(--ink);color:var(--ground);border-color:var(--ink)}
    .face[hidden]{display:none}
    .confusion,.figures{width:auto}
    .confusion td,.confusion th{padding:4px 12px}
    .confusion .hit{background:color-mix(in srgb,#3a8f5c var(--share),transparent)}
    .confusion .miss{background:color-mix(in srgb,#d64545 var(--share),transparent)}
    .figures td{padding-right:18px}
    .bar2{display:inline-block;width:90px;height:10px;background:var(--line);border-radius:3px;overflow:hidden;margin-right:8px}
    .bar2 u{display:block;height:100%}
    details{margin-top:6px}
    summary{cursor:pointer}
    .segments{width:auto;margin-top:8px}
    .segments td,.segments th{padding-right:28px}
    .segments tbody tr{cursor:pointer}
    .segments tbody tr:hover,.segments tbody tr.now{background:var(--line)}
    @media screen and (max-width:800px){.top,.lanes{grid-template-columns:minmax(0,1fr)}body{padding:12px}
    .axis span:nth-child(even){display:none}section{padding:12px;overflow-x:auto}
    .overview thead{display:none}.overview tr{display:flex;flex-wrap:wrap;gap:2px 14px;padding:6px 0}
    .overview th,.overview td{padding:0}.overview .bar{order:1;width:100%}
    .overview td[data-name]::before{content:attr(data-name) " ";color:var(--soft)}}
    @media print{
    .axis span:nth-child(even){display:none}
    :root{--ground:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ddd}
    *{print-color-adjust:exact;-webkit-print-color-adjust:exact}
    .tabs{display:none!important}.face[hidden]{display:block}
    body{padding:0;font-size:11pt}.player,.cursor{display:none!important}.top{display:block}
    section{padding:0;break-inside:avoid}.face details{display:none}.face details[open]{display:block}}

    """

  static let script = """
    'use strict';
    const data = JSON.parse(document.getElementById('data').textContent);
    const video = document.querySelector('video');
    const picker = document.querySelector('input[type=file]');
    const faces = [...document.querySelectorAll('.face')].map(element => ({
      chart: element.querySelector('.chart'),
      cursor: element.querySelector('.cursor'),
      title: element.querySelector('.values h3'),
      items: [...element.querySelectorAll('.values li')],
      means: element.querySelector('.values ul').innerHTML,
      list: element.querySelector('.values ul'),
      rows: [...element.querySelectorAll('.segments tbody tr')].map(row => [Number(row.dataset.t), row]),
      now: null,
      values: data.faces[element.dataset.face] || []
    }));

    const clock = seconds => {
      const tenths = Math.floor(seconds * 10 + 1e-6);
      const two = value => String(value).padStart(2, '0');
      const hours = Math.floor(tenths / 36000), minutes = Math.floor(tenths / 600) % 60;
      return (hours ? hours + ':' + two(minutes) : minutes) + ':' + two(Math.floor(tenths / 10) % 60) + '.' + tenths % 10;
    };

    // The last entry that starts no later than `time`.
    const entryAt = (entries, time) => {
      let low = 0, high = entries.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (entries[middle][0] <= time + 1e-6) low = middle + 1; else high = middle;
      }
      return entries[low - 1] || null;
    };

    const mark = (face, row) => {
      if (face.now === row) return;
      if (face.now) face.now.classList.remove('now');
      if (row) row.classList.add('now');
      face.now = row;
    };

    const show = time => {
      for (const face of faces) {
        face.cursor.style.display = 'block';
        face.cursor.style.left = 100 * time / data.duration + '%';
        const entry = entryAt(face.values, time), column = entry && time < entry[1] ? entry : null;
        face.title.textContent = clock(time) + (column ? '' : ', not read');
        const shares = column ? column.slice(2) : [];
        const best = Math.max(...shares);
        face.items.forEach((item, index) => {
          item.classList.toggle('best', column !== null && shares[index] === best);
          item.querySelector('u').style.width = (shares[index] || 0) / 10 + '%';
          item.querySelector('em').textContent = column ? Math.round(shares[index] / 10) + ' %' : '';
        });
        mark(face, column && (entryAt(face.rows, time) || [])[1]);
      }
    };

    const rest = () => {
      if (video.currentSrc && video.currentTime > 0) return show(video.currentTime);
      for (const face of faces) {
        face.cursor.style.display = 'none';
        face.title.textContent = 'Mean';
        face.list.innerHTML = face.means;
        face.items = [...face.list.children];
        mark(face, null);
      }
    };

    const go = time => { if (video.readyState > 0) video.currentTime = time; };
    for (const face of faces) {
      const timeOf = event => {
        const box = face.chart.getBoundingClientRect();
        return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * data.duration;
      };
      face.chart.addEventListener('pointermove', event => show(timeOf(event)));
      face.chart.addEventListener('pointerleave', rest);
      face.chart.addEventListener('click', event => go(timeOf(event)));
      let at = 0;
      face.chart.addEventListener('keydown', event => {
        const times = face.values.map(entry => entry[0]);
        const last = times.length ? times[times.length - 1] : 0;
        const next = times.find(time => time > at + 1e-6), previous = times.findLast(time => time < at - 1e-6);
        const to = {ArrowRight: next ?? last, ArrowLeft: previous ?? 0, Home: 0, End: last, Enter: at, ' ': at}[event.key];
        if (to === undefined) return;
        event.preventDefault();
        at = to;
        face.chart.setAttribute('aria-valuenow', at.toFixed(1));
        face.chart.setAttribute('aria-valuetext', clock(at));
        if (event.key === 'Enter' || event.key === ' ') go(at);
        show(at);
      });
      face.chart.addEventListener('blur', rest);
      for (const [time, row] of face.rows) {
        row.addEventListener('click', () => { go(time); show(time); });
        row.addEventListener('keydown', event => { if (event.key === 'Enter') { go(time); show(time); } });
      }
    }

    const follow = () => {
      if (video.paused) return;
      show(video.currentTime);
      requestAnimationFrame(follow);
    };
    video.addEventListener('play', follow);
    video.addEventListener('seeked', () => show(video.currentTime));
    const tabs = document.querySelector('.tabs');
    if (tabs) {
      tabs.hidden = false;
      tabs.addEventListener('click', event => {
        const face = event.target.dataset.face;
        if (face === undefined) return;
        for (const button of tabs.children) button.classList.toggle('on', button === event.target);
        for (const section of document.querySelectorAll('.face')) section.hidden = face !== '' && section.dataset.face !== face;
      });
      for (const link of document.querySelectorAll('.overview a')) {
        link.addEventListener('click', () => tabs.firstChild.click());
      }
    }
    picker.addEventListener('change', () => { if (picker.files[0]) video.src = URL.createObjectURL(picker.files[0]); });

    """
}
