// A class's typical images beside its suspicious ones.

function showClasses(data, gallery) {
  const choice = document.getElementById('class');
  const flagged = data.classes.map(() => 0);
  data.given.forEach((label, row) => (flagged[label] += data.flagged[row]));
  data.classes.forEach((name, i) => choice.add(new Option(`${name} (${flagged[i]} flagged)`, i)));
  const mini = (row) => {
    const button = element('button', 'mini');
    button.type = 'button';
    button.append(pictureOf(data, row));
    if (data.suggested[row] >= 0 && data.suggested[row] !== data.given[row]) button.append(element('span', '', '→ ' + data.classes[data.suggested[row]]));
    button.title = pathOf(data, row) || sampleName(data, row);
    button.addEventListener('click', () => gallery.reveal(row));
    return button;
  };
  const show = () => {
    ['typical', 'suspicious'].forEach((id, side) => {
      const rows = data.groups[+choice.value][side];
      document.getElementById(id).replaceChildren(...(rows.length ? rows.map(mini) : [element('p', 'empty', 'None.')]));
    });
  };
  const step = (by) => {
    choice.value = (+choice.value + by + data.classes.length) % data.classes.length;
    show();
  };
  choice.addEventListener('change', show);
  document.getElementById('class-previous').addEventListener('click', () => step(-1));
  document.getElementById('class-next').addEventListener('click', () => step(1));
  show();
}
