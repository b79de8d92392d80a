// One sample as a card: picture, labels, scores, neighbours that voted, ticks.

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function picture(base64, alt) {
  const image = element('img');
  image.alt = alt;
  image.onload = () => image.classList.toggle('tiny', image.naturalWidth <= 40 && image.naturalHeight <= 40);
  image.src = 'data:image/webp;base64,' + base64;
  return image;
}

function sampleName(data, row) {
  return data.path ? data.path[row] : 'row ' + data.source[row];
}

function pictureOf(data, row) {
  if (data.pictures[row]) return picture(data.pictures[row], sampleName(data, row));
  const why = data.errors[row] ? 'cannot be read: ' + data.errors[row] : 'no thumbnail: it is not among the worst';
  return element('span', 'none', why);
}

function fileAddress(path) {
  const parts = path.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/');
  return 'file://' + (parts.startsWith('/') ? '' : '/') + parts.replace(/^([A-Za-z])%3A/, '$1:');
}

function sampleCard(data, ticks, row) {
  const card = element('article', 'card');
  card.dataset.row = row;
  const given = data.classes[data.given[row]];
  const suggested = data.suggested[row] < 0 ? null : data.classes[data.suggested[row]];
  const frame = element(data.path ? 'a' : 'div', 'frame');
  if (data.path) Object.assign(frame, {href: fileAddress(pathOf(data, row)), target: '_blank', rel: 'noopener', title: 'Open ' + pathOf(data, row), tabIndex: -1});
  if (data.path) frame.append(pictureOf(data, row));
  else frame.hidden = true;
  const labels = element('p', 'labels');
  labels.append(element('span', 'given', given));
  if (suggested !== null) labels.append(' → ', element('span', 'suggested', suggested));
  const path = element('p', 'path', sampleName(data, row));
  path.title = pathOf(data, row);
  card.append(frame, labels, scoreLine(data, row), path, neighbourBox(data, row), tickButtons(data, row));
  if (data.duplicate[row]) path.after(element('p', 'path', 'duplicate of ' + data.duplicate[row]));
  card.setAttribute('aria-label', `${sampleName(data, row)}: given ${given}` + (suggested === null ? '' : `, suggested ${suggested}`));
  card.tabIndex = -1;
  markCard(card, ticks.get(row));
  return card;
}

function scoreLine(data, row) {
  const shown = (values) => (values && values[row] !== null ? values[row].toFixed(3) : '–');
  const judges = Object.entries(data.judges).map(([name, values]) => `${name} ${shown(values)}`);
  const line = element('p', 'scores', 'score ' + shown(data.score));
  if (judges.length) line.append(element('span', 'judges', judges.join(' · ')));
  line.title = 'How much speaks for the given label, overall and by each judge' + (data.suggestedScore ? `; for the suggested one ${shown(data.suggestedScore)}` : '');
  return line;
}

function neighbourBox(data, row) {
  const box = element('div', 'neighbours');
  for (const [label, similarity, path, small] of data.neighbours[row] || []) {
    const one = element('span', 'neighbour');
    one.title = `${path}: ${label}` + (similarity === null ? '' : `, similarity ${similarity.toFixed(3)}`);
    if (small) one.append(picture(small, path));
    one.append(element('span', '', label));
    box.append(one);
  }
  return box;
}

function tickButtons(data, row) {
  const box = element('div', 'ticks');
  TICKS.forEach((tick, i) => {
    const button = element('button', tick, tick);
    button.type = 'button';
    button.dataset.tick = tick;
    button.title = `the given label is ${tick === 'unsure' ? 'unsure' : tick} (key ${i + 1})`;
    box.append(button);
  });
  const label = element('input', 'label');
  label.setAttribute('list', 'class-names');
  label.setAttribute('aria-label', 'Right label, where it is not the suggested one');
  label.placeholder = data.suggested[row] < 0 ? 'right label' : 'other than suggested';
  box.append(label);
  return box;
}

/** Show what was ticked, {tick, label} or undefined. */
function markCard(card, found) {
  card.dataset.tick = found ? found.tick : '';
  for (const button of card.querySelectorAll('button')) button.setAttribute('aria-pressed', String(found?.tick === button.dataset.tick));
  const label = card.querySelector('.label');
  label.hidden = found?.tick !== 'wrong';
  label.value = found?.label ?? '';
}
