'use strict';
// What a person says of the given labels. Kept in the browser under the identity of the data, and exported as a csv file.

const TICKS = ['right', 'wrong', 'unsure'];

class Ticks {
  constructor(data) {
    this.data = data;
    this.key = 'mmnoisy-ticks:' + data.id;
    this.byId = new Map();  // source_idx -> {tick, label}
    try {
      const saved = JSON.parse(localStorage.getItem(this.key) || '[]');
      for (const [id, tick, label] of saved) if (TICKS.includes(tick)) this.byId.set(id, {tick, label: label || ''});
    } catch (error) {
      this.complain();
    }
  }

  get(row) {
    return this.byId.get(this.data.source[row]);
  }

  set(row, tick, label) {
    if (tick) this.byId.set(this.data.source[row], {tick, label: label ?? ''});
    else this.byId.delete(this.data.source[row]);
    this.save();
  }

  clear() {
    this.byId.clear();
    this.save();
  }

  save() {
    try {
      localStorage.setItem(this.key, JSON.stringify([...this.byId].map(([id, {tick, label}]) => [id, tick, label])));
    } catch (error) {
      this.complain();
    }
  }

  complain() {
    const place = document.getElementById('trouble');
    place.textContent = 'This browser does not keep the ticks: export them before you close the page.';
    place.hidden = false;
  }

  counts() {
    const counts = {right: 0, wrong: 0, unsure: 0};
    for (const {tick} of this.byId.values()) counts[tick]++;
    return counts;
  }

  csv() {
    const {data} = this;
    const quoted = (value) => (/[",\r\n]/.test(value) ? '"' + value.replaceAll('"', '""') + '"' : value);
    const lines = ['path,source_idx,given_label,suggested_label,tick,label'];
    for (let row = 0; row < data.source.length; row++) {
      const found = this.get(row);
      if (!found) continue;
      const suggested = data.suggested[row] < 0 ? '' : data.classes[data.suggested[row]];
      const cells = [pathOf(data, row), String(data.source[row]), data.classes[data.given[row]], suggested];
      lines.push([...cells, found.tick, found.label].map(quoted).join(','));
    }
    return lines.join('\n') + '\n';
  }

  download() {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([this.csv()], {type: 'text/csv'}));
    link.download = 'ticks.csv';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
}

function pathOf(data, row) {
  return data.path ? data.prefix + data.path[row] : '';
}
