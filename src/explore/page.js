// What the page of `audiossl explore` does. Plain JavaScript for browsers: it is written into the page as it stands.
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($('data').textContent);
  const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const positions = new Float32Array(bytesOf(data.positions).buffer);
  const components = new Int8Array(bytesOf(data.components.data).buffer);
  const n = data.ids.length;
  const map = $('map');
  const context = map.getContext('2d');
  const isDark = matchMedia('(prefers-color-scheme: dark)');

  // ---- what is shown
  const marked = new Set();
  const hidden = new Set();
  let colouring = data.colourings[0];
  let visible = [];
  let chosen = -1;
  let list = [];
  let lasso = null;
  let isLassoOn = false;
  let view = { x: 0, y: 0, scale: 1 };
  let width = 1;
  let height = 1;

  const nameOf = (row) => data.ids[row] + (data.timesMs ? ` at ${(data.timesMs[row] / 1000).toFixed(2)} s` : '');
  const labelOf = (row) => data.labels?.[row] ?? '';

  // ---- colours: hues far apart, lighter on a dark page; a scale from blue to orange
  const hueOf = (group) => (group * 137.508 + 205) % 360;
  const groupColour = (group) => `hsl(${hueOf(group)} ${58 + (group % 3) * 12}% ${isDark.matches ? 64 - (group % 2) * 10 : 42 + (group % 2) * 10}%)`;
  const steps = 24;
  const scaleColour = (step) => {
    const share = step / (steps - 1);
    return `hsl(${215 - 185 * share} ${60 + 25 * share}% ${isDark.matches ? 45 + 20 * share : 62 - 18 * share}%)`;
  };
  const noColour = () => (isDark.matches ? '#59626c' : '#b9c0c8');
  /** Index of the colour of a row: a group, a step of the scale, or -1. */
  let colourIndex = new Int16Array(n);
  function chooseColouring(name) {
    colouring = data.colourings.find((candidate) => candidate.name === name) ?? data.colourings[0];
    hidden.clear();
    const { kind } = colouring;
    if (kind === 'groups') colourIndex = Int16Array.from(colouring.of, (group) => group ?? -1);
    else {
      const values = colouring.values;
      const known = values.filter((value) => value !== null);
      const [low, high] = known.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
      colourIndex = Int16Array.from(values, (value) => (value === null ? -1 : high > low ? Math.round(((steps - 1) * (value - low)) / (high - low)) : 0));
    }
    showLegend();
    choosePoints();
  }

  // ---- which points are in the picture: those of the groups and of the words asked for
  function choosePoints() {
    const words = $('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
    visible = [];
    for (let row = 0; row < n; row++) {
      if (colouring.kind === 'groups' && hidden.has(colourIndex[row])) continue;
      if (words.length > 0) {
        const text = `${data.ids[row]} ${labelOf(row)}`.toLowerCase();
        if (!words.every((word) => text.includes(word))) continue;
      }
      visible.push(row);
    }
    $('count').textContent = visible.length === n ? `${n.toLocaleString('en')} points` : `${visible.length.toLocaleString('en')} of ${n.toLocaleString('en')}`;
    draw();
  }

  // ---- drawing, once a frame at most
  let isDrawing = false;
  function draw() {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(paint);
  }
  const screenX = (row) => (positions[2 * row] - view.x) * view.scale + width / 2;
  const screenY = (row) => height / 2 - (positions[2 * row + 1] - view.y) * view.scale;
  function paint() {
    isDrawing = false;
    const started = performance.now();
    const ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const size = Math.max(2.5, Math.min(8, 340 / Math.sqrt(visible.length + 1)));
    const byColour = new Map();
    for (const row of visible) {
      const x = screenX(row);
      const y = screenY(row);
      if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
      const index = colourIndex[row];
      let of = byColour.get(index);
      if (of === undefined) byColour.set(index, (of = []));
      of.push(x, y);
    }
    context.globalAlpha = visible.length > 4000 ? 0.75 : 0.9;
    for (const [index, places] of byColour) {
      context.fillStyle = index < 0 ? noColour() : colouring.kind === 'groups' ? groupColour(index) : scaleColour(index);
      if (size > 4) {
        context.beginPath();
        for (let i = 0; i < places.length; i += 2) {
          context.moveTo(places[i] + size / 2, places[i + 1]);
          context.arc(places[i], places[i + 1], size / 2, 0, 2 * Math.PI);
        }
        context.fill();
      } else for (let i = 0; i < places.length; i += 2) context.fillRect(places[i] - size / 2, places[i + 1] - size / 2, size, size);
    }
    context.globalAlpha = 1;
    const ink = getComputedStyle(document.body).color;
    context.strokeStyle = ink;
    context.lineWidth = 1.5;
    for (const row of marked) ring(row, size / 2 + 3);
    context.lineWidth = 1;
    for (const row of list.slice(0, 500)) ring(row, size / 2 + 1.5);
    if (chosen >= 0) {
      context.lineWidth = 2.5;
      ring(chosen, size / 2 + 6);
    }
    if (lasso !== null) {
      context.setLineDash([5, 4]);
      context.beginPath();
      for (const [x, y] of lasso) context.lineTo(x, y);
      context.stroke();
      context.setLineDash([]);
    }
    context.fillStyle = ink;
    context.globalAlpha = 0.65;
    context.font = '12px system-ui, sans-serif';
    context.textAlign = 'right';
    context.fillText(data.axes[0], width - 10, height - 10);
    context.save();
    context.translate(width - 10, 12);
    context.rotate(-Math.PI / 2);
    context.fillText(data.axes[1], 0, 0);
    context.restore();
    context.globalAlpha = 1;
    map.dataset.paintMs = (performance.now() - started).toFixed(1);
  }
  function ring(row, radius) {
    context.beginPath();
    context.arc(screenX(row), screenY(row), radius, 0, 2 * Math.PI);
    context.stroke();
  }
  function home() {
    let [x0, x1, y0, y1] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let row = 0; row < n; row++) {
      x0 = Math.min(x0, positions[2 * row]);
      x1 = Math.max(x1, positions[2 * row]);
      y0 = Math.min(y0, positions[2 * row + 1]);
      y1 = Math.max(y1, positions[2 * row + 1]);
    }
    view = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale: 0.92 * Math.min(width / (x1 - x0 || 1), height / (y1 - y0 || 1)) };
    draw();
  }
  new ResizeObserver(() => {
    const isFirst = width === 1;
    ({ width, height } = map.getBoundingClientRect());
    map.width = Math.round(width * (devicePixelRatio || 1));
    map.height = Math.round(height * (devicePixelRatio || 1));
    if (isFirst) home();
    draw();
  }).observe(map);
  isDark.addEventListener('change', () => {
    showLegend();
    draw();
  });

  // ---- legend: what the colours mean; a press leaves a group out
  function showLegend() {
    const legend = $('legend');
    legend.replaceChildren();
    if (colouring.kind === 'scale') {
      const item = document.createElement('li');
      const bar = document.createElement('div');
      bar.className = 'scale';
      bar.style.background = `linear-gradient(to right, ${Array.from({ length: 6 }, (_, i) => scaleColour((i * (steps - 1)) / 5)).join(', ')})`;
      item.append(bar, `${colouring.low} – ${colouring.high}`);
      legend.append(item);
      return;
    }
    const counts = new Map();
    for (const group of colourIndex) counts.set(group, (counts.get(group) ?? 0) + 1);
    const groups = colouring.groups.map((name, group) => [group, name]);
    if (counts.has(-1)) groups.push([-1, 'none']);
    for (const [group, name] of groups) {
      const item = document.createElement('li');
      const button = document.createElement('button');
      const dot = document.createElement('i');
      dot.style.background = group < 0 ? noColour() : groupColour(group);
      button.type = 'button';
      button.append(dot, `${name} (${(counts.get(group) ?? 0).toLocaleString('en')})`);
      button.setAttribute('aria-pressed', String(hidden.has(group)));
      button.addEventListener('click', () => {
        if (!hidden.delete(group)) hidden.add(group);
        button.setAttribute('aria-pressed', String(hidden.has(group)));
        choosePoints();
      });
      item.append(button);
      legend.append(item);
    }
  }

  // ---- one point
  function nearest(x, y, within) {
    let best = -1;
    let bestDistance = within * within;
    for (const row of visible) {
      const dx = screenX(row) - x;
      const dy = screenY(row) - y;
      const distance = dx * dx + dy * dy;
      if (distance < bestDistance) [best, bestDistance] = [row, distance];
    }
    return best;
  }
  function choose(row) {
    if (row === chosen) return;
    chosen = row;
    $('one').hidden = row < 0;
    $('nothing').hidden = row >= 0;
    if (row >= 0) {
      $('label').textContent = labelOf(row);
      $('name').textContent = nameOf(row);
      const source = data.sounds[row];
      $('sound').hidden = source === undefined || source === null;
      $('silent').hidden = !$('sound').hidden;
      if (!$('sound').hidden) $('sound').src = source;
      $('mark').textContent = marked.has(row) ? 'Let go' : 'Mark';
      showPicture(row);
    }
    draw();
  }

  // ---- pictures come in files of some, each fetched once by a script element: that works without a server too
  const pictureFiles = new Map();
  window.showPictures = (file, pictures) => {
    pictureFiles.set(file, pictures);
    if (chosen >= 0 && Math.floor(chosen / data.picture.perFile) === file) showPicture(chosen);
  };
  function showPicture(row) {
    const canvas = $('picture');
    canvas.hidden = !data.hasPictures;
    if (!data.hasPictures) return;
    const file = Math.floor(row / data.picture.perFile);
    const pictures = pictureFiles.get(file);
    canvas.setAttribute('aria-label', `log-mel of ${nameOf(row)}`);
    if (pictures === undefined) {
      if (!pictureFiles.has(file)) {
        pictureFiles.set(file, undefined);
        const script = document.createElement('script');
        script.src = `pictures/${file}.js`;
        document.head.append(script);
      }
      canvas.width = canvas.width;
      return;
    }
    const [frames, text] = pictures[row % data.picture.perFile];
    if (frames === 0) {
      canvas.hidden = true;
      return;
    }
    const bytes = bytesOf(text);
    const mels = Math.round((bytes.length * 2) / frames);
    canvas.width = frames;
    canvas.height = mels;
    const image = new ImageData(frames, mels);
    for (let t = 0; t < frames; t++) {
      for (let m = 0; m < mels; m++) {
        const i = t * mels + m;
        const level = (i % 2 === 0 ? bytes[i >> 1] >> 4 : bytes[i >> 1] & 15) / 15;
        const at = 4 * ((mels - 1 - m) * frames + t);
        // From night blue over purple to yellow.
        image.data[at] = 255 * Math.min(1, 1.6 * level);
        image.data[at + 1] = 255 * Math.max(0, level * 1.5 - 0.5);
        image.data[at + 2] = 255 * (0.25 + 0.45 * Math.sin(Math.PI * Math.min(1, 1.15 * level)));
        image.data[at + 3] = 255;
      }
    }
    canvas.getContext('2d').putImageData(image, 0, 0);
  }

  // ---- lists
  function showList(rows, title, moreOf = () => '') {
    list = rows;
    $('listTitle').textContent = `${title} (${rows.length.toLocaleString('en')})`;
    $('list').replaceChildren(
      ...rows.slice(0, 500).map((row) => {
        const item = document.createElement('li');
        const button = document.createElement('button');
        button.type = 'button';
        const label = document.createElement('span');
        label.className = 'label';
        label.textContent = labelOf(row);
        const more = document.createElement('span');
        more.className = 'more';
        more.textContent = moreOf(row);
        button.append(label, labelOf(row) === '' ? '' : ' ', nameOf(row), ' ', more);
        button.addEventListener('click', () => choose(row));
        button.addEventListener('focus', () => choose(row));
        item.append(button);
        return item;
      }),
    );
    if (rows.length > 500) {
      const item = document.createElement('li');
      item.textContent = `... and ${(rows.length - 500).toLocaleString('en')} more, all of them in "Mark all"`;
      $('list').append(item);
    }
    draw();
  }
  function similarTo(row) {
    const { size } = data.components;
    const scores = new Float32Array(n);
    for (let other = 0; other < n; other++) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += components[row * size + i] * components[other * size + i];
      scores[other] = sum / (127 * 127);
    }
    const rows = Array.from({ length: n }, (_, i) => i).filter((other) => other !== row);
    rows.sort((a, b) => scores[b] - scores[a]);
    showList(rows.slice(0, 30), `Sounds like ${data.ids[row]}`, (other) => scores[other].toFixed(2));
  }
  function mark(rows, isOn = true) {
    for (const row of rows) {
      if (isOn) marked.add(row);
      else marked.delete(row);
    }
    $('numMarked').textContent = marked.size.toLocaleString('en');
    $('download').disabled = $('unmark').disabled = marked.size === 0;
    if (chosen >= 0) $('mark').textContent = marked.has(chosen) ? 'Let go' : 'Mark';
    draw();
  }
  /** The csv that `--data` reads: a row a recording, with its label and the times of what is marked in it. */
  function download() {
    const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const rowsOf = Map.groupBy([...marked].sort((a, b) => a - b), (row) => data.ids[row]);
    const header = data.timesMs ? 'filename,label,timesMs' : 'filename,label';
    const lines = [...rowsOf].map(([id, rows]) => {
      const times = data.timesMs ? [rows.map((row) => String(data.timesMs[row])).join(' ')] : [];
      return [id, labelOf(rows[0]), ...times].map(cell).join(',');
    });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([`${header}\r\n${lines.join('\r\n')}\r\n`], { type: 'text/csv' }));
    link.download = 'marked.csv';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  // ---- pointer: hover, drag, lasso, wheel and pinch
  const pointers = new Map();
  let moved = 0;
  const place = (event) => {
    const box = map.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  function zoom(factor, x = width / 2, y = height / 2) {
    const before = [(x - width / 2) / view.scale + view.x, (height / 2 - y) / view.scale + view.y];
    view.scale *= factor;
    view.x = before[0] - (x - width / 2) / view.scale;
    view.y = before[1] - (height / 2 - y) / view.scale;
    draw();
  }
  map.addEventListener('pointerdown', (event) => {
    pointers.set(event.pointerId, place(event));
    map.setPointerCapture(event.pointerId);
    moved = 0;
    lasso = pointers.size === 1 && (event.shiftKey || isLassoOn) ? [place(event)] : null;
  });
  map.addEventListener('pointermove', (event) => {
    const [x, y] = place(event);
    const before = pointers.get(event.pointerId);
    if (before === undefined) {
      const row = nearest(x, y, 14);
      if (row >= 0) choose(row);
      return;
    }
    moved += Math.abs(x - before[0]) + Math.abs(y - before[1]);
    if (lasso !== null) lasso.push([x, y]);
    else if (pointers.size === 1) {
      view.x -= (x - before[0]) / view.scale;
      view.y += (y - before[1]) / view.scale;
    } else {
      const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
      zoom(distance([x, y], other) / Math.max(1, distance(before, other)), (x + other[0]) / 2, (y + other[1]) / 2);
    }
    pointers.set(event.pointerId, [x, y]);
    draw();
  });
  const release = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    const [x, y] = place(event);
    if (lasso !== null && lasso.length > 3) {
      const ring = lasso;
      showList(visible.filter((row) => isInside(screenX(row), screenY(row), ring)), 'Drawn around');
    } else if (moved < 5) {
      const row = nearest(x, y, 22);
      choose(row);
      if (row >= 0 && !$('sound').hidden) $('sound').play().catch(() => undefined);
    }
    lasso = null;
    draw();
  };
  map.addEventListener('pointerup', release);
  map.addEventListener('pointercancel', release);
  map.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 500), ...place(event));
    },
    { passive: false },
  );
  /** Even-odd rule. */
  function isInside(x, y, ring) {
    let inside = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [[xi, yi], [xj, yj]] = [ring[i], ring[j]];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
    return inside;
  }

  // ---- keyboard
  function step(dx, dy) {
    if (chosen < 0) return choose(nearest(width / 2, height / 2, Number.POSITIVE_INFINITY));
    const [x, y] = [screenX(chosen), screenY(chosen)];
    let best = -1;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const row of visible) {
      const along = (screenX(row) - x) * dx + (screenY(row) - y) * dy;
      const across = Math.abs((screenX(row) - x) * dy) + Math.abs((screenY(row) - y) * dx);
      // What lies in that direction, and rather ahead than aside.
      if (row === chosen || along < 1 || across > 2 * along) continue;
      const cost = along + 2 * across;
      if (cost < bestCost) [best, bestCost] = [row, cost];
    }
    if (best < 0) return;
    choose(best);
    const margin = 30;
    const [bx, by] = [screenX(best), screenY(best)];
    if (bx < margin || by < margin || bx > width - margin || by > height - margin) {
      view.x = positions[2 * best];
      view.y = positions[2 * best + 1];
      draw();
    }
  }
  const keys = {
    ArrowLeft: () => step(-1, 0),
    ArrowRight: () => step(1, 0),
    ArrowUp: () => step(0, -1),
    ArrowDown: () => step(0, 1),
    Enter: () => chosen >= 0 && !$('sound').hidden && $('sound').play().catch(() => undefined),
    m: () => chosen >= 0 && mark([chosen], !marked.has(chosen)),
    s: () => chosen >= 0 && similarTo(chosen),
    l: () => showList(visible.filter((row) => isInView(row)), 'In view'),
    '+': () => zoom(1.3),
    '-': () => zoom(1 / 1.3),
    0: home,
    Escape: () => choose(-1),
  };
  const isInView = (row) => screenX(row) >= 0 && screenY(row) >= 0 && screenX(row) <= width && screenY(row) <= height;
  map.addEventListener('keydown', (event) => {
    const action = keys[event.key];
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });

  // ---- controls
  document.title = data.title;
  $('title').textContent = data.title;
  $('notes').replaceChildren(
    ...data.notes.map((note) => Object.assign(document.createElement('li'), { textContent: note })),
  );
  $('colouring').replaceChildren(...data.colourings.map(({ name }) => new Option(name, name)));
  $('colouring').addEventListener('change', (event) => chooseColouring(event.target.value));
  $('filter').addEventListener('input', choosePoints);
  $('home').addEventListener('click', home);
  $('drag').addEventListener('click', () => {
    isLassoOn = !isLassoOn;
    $('drag').setAttribute('aria-pressed', String(isLassoOn));
  });
  $('help').addEventListener('click', () => {
    $('keys').hidden = !$('keys').hidden;
    $('help').setAttribute('aria-expanded', String(!$('keys').hidden));
  });
  $('mark').addEventListener('click', () => mark([chosen], !marked.has(chosen)));
  $('similar').addEventListener('click', () => similarTo(chosen));
  $('markAll').addEventListener('click', () => mark(list));
  $('clear').addEventListener('click', () => showList([], 'List'));
  $('unmark').addEventListener('click', () => mark([...marked], false));
  $('download').addEventListener('click', download);
  chooseColouring(data.colourings[0].name);
})();
