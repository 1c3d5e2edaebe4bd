import DferTimeline

extension LivePage {
  /// Three parts that share nothing but `view`: images by asking for the next one, events by SSE, and drawing.
  static let script = #"""
    'use strict';
    const $ = id => document.getElementById(id);
    const WINDOW = 60;
    const view = {
      info: null, health: null, state: {name: 'starting'}, faces: new Map(), gaps: [], rows: [],
      now: 0, nowAt: 0, spoken: 0, connected: false
    };
    const make = (name, attributes = {}, ...children) => {
      const element = document.createElement(name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      element.append(...children);
      return element;
    };
    const draw = (name, attributes) => {
      const element = document.createElementNS('http://www.w3.org/2000/svg', name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      return element;
    };
    const clock = seconds => {
      const tenths = Math.round(seconds * 10), two = value => String(value).padStart(2, '0');
      const hours = Math.floor(tenths / 36000), minutes = Math.floor(tenths / 600) % 60;
      return (hours ? hours + ':' + two(minutes) : minutes) + ':' + two(Math.floor(tenths / 10) % 60) + '.' + tenths % 10;
    };
    // With a space that does not break.
    const percent = share => Math.round(share * 100) + '\u00a0%';
    // A label below this confidence is in doubt, and has a question mark.
    const DOUBT = \#(Doubt.threshold);
    const named = row => row.label + (row.confidence < DOUBT ? '?' : '');
    const column = label => 'p_' + label.replace(/^_+/, '').replace(/(?<=.)(?<!_)[A-Z]/g, letter => '_' + letter)
      .replace(/[^A-Za-z0-9]/g, '_').toLowerCase();
    const colour = label => view.info ? view.info.colours[view.info.labels.indexOf(label)] || '#a3adb8' : '#a3adb8';
    const dark = matchMedia('(prefers-color-scheme: dark)');

    // ---- Events

    const listen = () => {
      const source = new EventSource('/events');
      const on = (name, act) => source.addEventListener(name, event => act(JSON.parse(event.data)));
      source.onopen = () => { view.connected = true; };
      source.onerror = () => { view.connected = false; showState(); };
      on('hello', info => {
        // The same page may meet another run at the same address.
        if (view.info && view.info.source !== info.source) location.reload();
        view.info = info;
        legend();
      });
      on('row', takeRow);
      on('state', state => { view.state = state; showState(); });
      on('health', health => { view.health = health; view.state = health.state; showHealth(); showState(); });
    };

    const hop = () => view.health ? view.health.hop_s : view.info ? view.info.hop_s : 0.8;

    const takeRow = row => {
      if (row.end_s > view.now) { view.now = row.end_s; view.nowAt = performance.now(); }
      view.rows.unshift(row);
      view.rows.length = Math.min(view.rows.length, 30);
      view.changed = true;
      if (row.status === 'stream_gap' || row.status === 'decode_gap') { view.gaps.push(row); return; }
      if (row.face_id === null) return;
      const face = view.faces.get(row.face_id) || {id: row.face_id, columns: [], last: null};
      if (face.last && row.start_s < face.last.start_s) return;
      if (face.last && face.last.label !== row.label) speak(`Face ${row.face_id}: ${row.label}`);
      if (!face.last) speak(`Face ${row.face_id} appears: ${row.label}`);
      face.last = row;
      const half = hop() / 2;
      face.columns.push({
        start: row.time_s - half, end: row.time_s + half, weak: row.success ? 1 : 0.45, label: row.label,
        shares: view.info ? view.info.labels.map(label => row[column(label)] || 0) : []
      });
      view.faces.set(row.face_id, face);
      forget();
    };

    const forget = () => {
      for (const [id, face] of view.faces) {
        face.columns = face.columns.filter(entry => entry.end > view.now - WINDOW - 2);
        if (!face.columns.length) view.faces.delete(id);
      }
      view.gaps = view.gaps.filter(gap => gap.end_s > view.now - WINDOW - 2);
    };

    // A screen reader hears of changes, but not of every one.
    const speak = text => {
      if (performance.now() - view.spoken < 4000) return;
      view.spoken = performance.now();
      $('news').textContent = text;
    };

    // ---- Pictures

    const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));
    const pictures = async () => {
      let number = -1, old = null;
      while (true) {
        if (document.hidden) { await wait(500); continue; }
        try {
          const answer = await fetch('/frame.jpg?after=' + number, {cache: 'no-store'});
          if (answer.status === 204) { await wait(view.state.name === 'ended' ? 3000 : 50); continue; }
          if (!answer.ok) { await wait(1500); continue; }
          const facts = JSON.parse(answer.headers.get('Dfer-Frame'));
          const url = URL.createObjectURL(await answer.blob());
          const picture = $('picture');
          $('empty').hidden = true;
          picture.src = url;
          await picture.decode().catch(() => {});
          if (old) URL.revokeObjectURL(old);
          old = url;
          number = facts.number;
          showFrame(facts);
        } catch { await wait(1500); }
      }
    };

    const showFrame = facts => {
      const overlay = $('overlay'), scale = facts.width / Math.max(1, $('frame').clientWidth);
      $('frame').style.aspectRatio = Math.max(0.8, facts.width / facts.height);
      overlay.setAttribute('viewBox', `0 0 ${facts.width} ${facts.height}`);
      const parts = [];
      for (const face of facts.faces) {
        const [x, y, width, height] = face.box, known = view.faces.get(face.id), row = known && known.last;
        const tint = row ? colour(row.label) : '#fff', line = 2.5 * scale, size = 14 * scale;
        parts.push(draw('rect', {x, y, width, height, rx: 4 * scale, class: 'halo', 'stroke-width': line * 2}));
        parts.push(draw('rect', {x, y, width, height, rx: 4 * scale, stroke: tint, 'stroke-width': line}));
        for (const [px, py] of face.points) {
          parts.push(draw('circle', {cx: px, cy: py, r: 2.6 * scale, fill: tint, stroke: '#000', 'stroke-width': scale}));
        }
        if (row && row.yaw_deg !== null && row.pitch_deg !== null) {
          // Where the nose points, as of the newest row.
          const tip = face.points[2] || [x + width / 2, y + height / 2], turn = Math.PI / 180;
          parts.push(draw('line', {
            x1: tip[0], y1: tip[1], stroke: tint, 'stroke-width': line, 'stroke-linecap': 'round',
            x2: tip[0] + width * 0.6 * Math.sin(row.yaw_deg * turn) * Math.cos(row.pitch_deg * turn),
            y2: tip[1] + width * 0.6 * Math.sin(row.pitch_deg * turn)
          }));
        }
        const text = draw('text', {x: x + 6 * scale, 'font-size': size});
        text.textContent = `${face.id}` + (row ? `  ${named(row)} ${percent(row.confidence)}` : '');
        const high = size * 1.5;
        const top = y > high + line ? y - high - line : Math.min(y + height + line, facts.height - high);
        text.setAttribute('y', top + size * 1.1);
        parts.push(draw('rect', {x, y: top, height: high, rx: 4 * scale, class: 'tag'}), text);
      }
      overlay.replaceChildren(...parts);
      // As wide as the words are, and inside the picture.
      for (const tag of overlay.querySelectorAll('.tag')) {
        const text = tag.nextSibling, room = text.getComputedTextLength() + 12 * scale;
        const left = Math.max(0, Math.min(Number(tag.getAttribute('x')), facts.width - room));
        tag.setAttribute('width', room);
        tag.setAttribute('x', left);
        text.setAttribute('x', left + 6 * scale);
      }
      $('clock').textContent = clock(facts.time_s);
      $('picture').alt = `Frame at ${clock(facts.time_s)} with ${facts.faces.length} face${facts.faces.length === 1 ? '' : 's'}`;
    };

    // ---- Words and numbers

    const showState = () => {
      const {name, reason, next_try_s: next} = view.state;
      const words = {
        starting: 'starting', reading: view.info && view.info.is_live ? 'live' : 'reading', paused: 'paused',
        lost: 'source lost, reconnecting', ended: 'ended'
      };
      const shown = view.connected ? name : 'away';
      $('state').dataset.state = shown;
      const text = view.connected ? words[name] + (name === 'ended' && reason ? ': ' + reason : '') : 'no connection to dfer';
      const span = $('state').querySelector('span');
      if (span.textContent !== text) span.textContent = text;
      $('state').title = reason ? reason + (next ? `; next try in ${next} s` : '') : '';
      // Who was here when the source went away is not here now.
      view.changed = true;
      const button = $('pause');
      button.textContent = name === 'paused' ? 'Resume' : 'Pause';
      button.disabled = !view.connected || name === 'ended';
    };

    const showHealth = () => {
      const health = view.health, number = (value, places = 1) => value.toFixed(places);
      const seconds = value => value === undefined || value === null ? '–' : Math.round(value * 1000) + ' ms';
      const late = health.latency_median_seconds > health.hop_s;
      const entries = [
        ['frames in', number(health.fps_in) + ' /s'], ['processed', number(health.fps_processed) + ' /s'],
        ['dropped', number(health.fps_dropped) + ' /s', health.fps_dropped > 0.05],
        ['latency, median', seconds(health.latency_median_seconds), late], ['latency, 95th percentile', seconds(health.latency_p95_seconds)],
        ['rows', health.rows], ['faces', health.faces], ['gaps', health.gaps, health.gaps > 0],
        ['dropped, total', health.frames_dropped], ['uptime', clock(health.uptime_s).replace(/\.\d$/, '')],
        ['memory', Math.round(health.memory_bytes / 1e6) + ' MB']
      ];
      const list = $('numbers');
      if (list.children.length !== entries.length) {
        list.replaceChildren(...entries.map(([name]) => make('div', {}, make('dt', {}, name), make('dd'))));
      }
      entries.forEach(([, text, bad], index) => {
        const value = list.children[index].lastChild;
        value.textContent = text;
        value.classList.toggle('bad', Boolean(bad));
      });
      const pace = $('pace');
      pace.hidden = health.pace_step === 0;
      pace.textContent = `Too slow for this source: faces are detected every ${number(health.detector_every_s, 2)} s, `
        + `clips come every ${number(health.hop_s, 2)} s.`;
    };

    const legend = () => $('legend').replaceChildren(...view.info.labels.map((label, index) => {
      const swatch = make('i');
      swatch.style.background = view.info.colours[index];
      return make('li', {}, swatch, label);
    }));

    // Head, eyes and the strongest movements in words, as far as the rows have them.
    const doing = row => {
      const known = value => value !== null && value !== undefined, words = [];
      const side = (value, more, less) => Math.round(Math.abs(value)) + '° ' + (value < 0 ? less : more);
      if (known(row.yaw_deg) && known(row.pitch_deg)) {
        words.push('head ' + side(row.yaw_deg, 'right', 'left') + ', ' + side(row.pitch_deg, 'down', 'up'));
      }
      if (known(row.eye0_open) && known(row.eye1_open)) {
        words.push('eyes ' + percent((row.eye0_open + row.eye1_open) / 2) + ' open');
      }
      const strongest = Object.entries(row).filter(([name, value]) => /^au\d+_strength$/.test(name) && value >= 0.3)
        .sort((a, b) => b[1] - a[1]).slice(0, 3);
      if (strongest.length) {
        words.push(strongest.map(([name, value]) => name.slice(0, 4).toUpperCase() + ' ' + value.toFixed(2)).join(' '));
      }
      return words.join('; ');
    };

    const cards = () => {
      const isOver = !view.connected || view.state.name === 'ended' || view.state.name === 'lost';
      const here = [...view.faces.values()].filter(face => !isOver && face.last && view.now - face.last.end_s < 1.6 * hop())
        .sort((a, b) => a.id - b.id).slice(0, 8);
      $('nobody').hidden = here.length > 0;
      const list = $('cards');
      for (const card of [...list.children]) {
        if (!here.some(face => String(face.id) === card.dataset.id)) card.remove();
      }
      for (const face of here) {
        let card = [...list.children].find(element => element.dataset.id === String(face.id));
        if (!card) {
          card = make('article', {class: 'card', 'data-id': face.id, 'aria-label': `Face ${face.id}`},
            make('h3', {}, `Face ${face.id} `, make('b'), make('span')), make('p', {class: 'doing'}), make('ul'));
          card.lastChild.append(...view.info.labels.map((label, index) => {
            const bar = make('i');
            bar.style.background = view.info.colours[index];
            return make('li', {}, label, make('div', {class: 'bar', 'aria-hidden': 'true'}, bar), make('em'));
          }));
          list.append(card);
        }
        const row = face.last, [, best, note] = card.firstChild.childNodes;
        best.textContent = named(row);
        note.textContent = row.status === 'ok' ? percent(row.confidence) : row.status.replace('_', ' ');
        card.querySelector('.doing').textContent = doing(row);
        view.info.labels.forEach((label, index) => {
          const item = card.lastChild.children[index], share = row[column(label)] || 0;
          item.classList.toggle('best', label === row.label);
          item.querySelector('i').style.width = 100 * share + '%';
          item.lastChild.textContent = percent(share);
        });
      }
    };

    const table = () => $('table').replaceChildren(...view.rows.map(row => make('tr', {},
      ...[clock(row.start_s), clock(row.end_s), row.face_id ?? '', row.status, row.label ?? '',
        row.confidence === null ? '' : percent(row.confidence)].map(text => make('td', {}, String(text))))));

    """# + timeline + keys

  private static let keys = #"""
    // ---- Keys and buttons

    const togglePause = async () => {
      if ($('pause').disabled) return;
      const path = view.state.name === 'paused' ? '/resume' : '/pause';
      const answer = await fetch(path, {method: 'POST'}).catch(() => null);
      if (answer && answer.ok) { view.state = await answer.json(); showState(); }
    };
    $('pause').addEventListener('click', togglePause);
    document.addEventListener('keydown', event => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (event.key === 'p' || event.key === 'P') togglePause();
      if (event.key === 'd' || event.key === 'D') $('download').click();
    });

    listen();
    pictures();
    setInterval(() => {
      if (!view.info || document.hidden) return;
      if (view.changed) { view.changed = false; cards(); table(); }
      lanes();
    }, matchMedia('(prefers-reduced-motion: reduce)').matches ? 1000 : 150);

    """#
}
