extension LivePage {
  /// The part of `script` that draws the last minute of each face.
  static let timeline = #"""
    // ---- Timeline

    const lanes = () => {
      const list = $('lanes');
      const shown = [...view.faces.values()].sort((a, b) => b.last.end_s - a.last.end_s).slice(0, 6)
        .sort((a, b) => a.id - b.id);
      for (const lane of [...list.children]) {
        if (!shown.some(face => String(face.id) === lane.dataset.id)) lane.remove();
      }
      for (const face of shown) {
        if (![...list.children].some(lane => lane.dataset.id === String(face.id))) {
          const next = [...list.children].find(lane => Number(lane.dataset.id) > face.id) || null;
          list.insertBefore(make('div', {class: 'lane', 'data-id': face.id}, make('span', {}, `Face ${face.id}`),
            make('canvas', {role: 'img'})), next);
        }
      }
      const ahead = view.state.name === 'reading' && view.info && view.info.is_live
        ? Math.min(1.5, (performance.now() - view.nowAt) / 1000) : 0;
      const now = view.now + ahead;
      for (const lane of list.children) {
        const face = view.faces.get(Number(lane.dataset.id));
        if (face) paint(lane.lastChild, face, now);
      }
      const marks = [60, 45, 30, 15, 0].map(back => make('span', {}, back ? `-${back} s` : 'now'));
      if (!$('axis').children.length) $('axis').replaceChildren(...marks);
    };

    const paint = (canvas, face, now) => {
      const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
      if (canvas.width !== Math.round(width * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
      }
      const ink = canvas.getContext('2d');
      ink.setTransform(ratio, 0, 0, ratio, 0, 0);
      ink.clearRect(0, 0, width, height);
      const x = time => width * (1 - (now - time) / WINDOW), strip = 12;
      const totals = new Map();
      for (const entry of face.columns) {
        const left = Math.round(x(entry.start) * ratio) / ratio, right = Math.round(x(entry.end) * ratio) / ratio;
        let top = strip + 2;
        ink.globalAlpha = entry.weak;
        ink.fillStyle = colour(entry.label);
        ink.fillRect(left, 0, right - left, strip);
        entry.shares.forEach((share, index) => {
          ink.fillStyle = view.info.colours[index];
          ink.fillRect(left, top, right - left, share * (height - strip - 2));
          top += share * (height - strip - 2);
        });
        totals.set(entry.label, (totals.get(entry.label) || 0) + 1);
      }
      ink.globalAlpha = 1;
      for (const gap of view.gaps) {
        const from = x(gap.start_s), to = Math.max(from + 2, x(gap.end_s));
        ink.save();
        ink.beginPath();
        ink.rect(from, 0, to - from, height);
        ink.clip();
        ink.fillStyle = dark.matches ? '#28303c' : '#e8ecf1';
        ink.fillRect(from, 0, to - from, height);
        ink.strokeStyle = dark.matches ? '#ffffff40' : '#00000038';
        ink.beginPath();
        for (let at = from - height; at < to; at += 7) { ink.moveTo(at, height); ink.lineTo(at + height, 0); }
        ink.stroke();
        ink.restore();
      }
      const parts = [...totals].sort((a, b) => b[1] - a[1]).slice(0, 3)
        .map(([label, count]) => `${label} ${percent(count / face.columns.length)}`);
      const text = `Face ${face.id}, last minute: ${parts.join(', ')}`;
      if (canvas.getAttribute('aria-label') !== text) canvas.setAttribute('aria-label', text);
    };

    """#
}
