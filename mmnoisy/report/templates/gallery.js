// The images to check: filters, sorting, pages of cards, keys. A page holds few cards, however many samples there are.

const PAGE = 48;

class Gallery {
  constructor(data, ticks) {
    Object.assign(this, {data, ticks, page: 0, current: null, rows: []});
    this.controls = Object.fromEntries(['show', 'given', 'suggested', 'sort', 'search'].map((id) => [id, document.getElementById(id)]));
    this.cards = document.getElementById('cards');
    data.classes.forEach((name, i) => {
      for (const id of ['given', 'suggested']) this.controls[id].add(new Option(name, i));
      document.getElementById('class-names').append(new Option(name, name));
    });
    if (!data.flagged.includes(1)) this.controls.show.value = 'all';
    if (!data.path) this.controls.sort.querySelector('[value=path]').remove();
    this.lower = null;
    this.listen();
    this.filter();
  }

  listen() {
    const on = (id, event, action) => document.getElementById(id).addEventListener(event, action);
    for (const id of ['show', 'given', 'suggested', 'sort']) on(id, 'change', () => this.filter());
    let waiting;
    on('search', 'input', () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.filter(), 120);
    });
    on('reset', 'click', () => {
      this.controls.sort.value = 'worst';
      this.select('', '', 'all');
    });
    on('previous', 'click', () => this.turn(this.page - 1));
    on('next', 'click', () => this.turn(this.page + 1));
    on('export', 'click', () => this.ticks.download());
    on('clear', 'click', () => {
      if (!confirm('Forget all ticks of this data set in this browser?')) return;
      this.ticks.clear();
      this.filter();
    });
    for (const button of document.querySelectorAll('.pairs button')) {
      button.addEventListener('click', () => this.select(button.dataset.given, button.dataset.suggested));
    }
    this.cards.addEventListener('click', (event) => this.clicked(event));
    this.cards.addEventListener('focusin', (event) => this.choose(event.target.closest('.card')));
    this.cards.addEventListener('change', (event) => this.labelled(event.target));
    document.addEventListener('keydown', (event) => this.key(event));
  }

  /** Show the samples of a pair of classes ('' = any). */
  select(given, suggested, show = 'flagged') {
    this.controls.given.value = given;
    this.controls.suggested.value = suggested;
    this.controls.search.value = '';
    this.controls.show.value = show;
    this.filter();
  }

  /** Show one sample, among all of its class. */
  reveal(row) {
    this.select(String(this.data.given[row]), '', 'all');
    const at = this.rows.indexOf(row);
    this.turn(Math.floor(at / PAGE));
    this.move(at % PAGE);
  }

  filter() {
    const {data, ticks} = this;
    const {show, given, suggested, sort, search} = Object.fromEntries(Object.entries(this.controls).map(([id, control]) => [id, control.value]));
    const words = search.trim().toLowerCase();
    const wanted = words ? this.searchable() : null;
    const rows = [];
    for (let row = 0; row < data.source.length; row++) {
      if (given !== '' && data.given[row] !== +given) continue;
      if (suggested !== '' && data.suggested[row] !== +suggested) continue;
      if ((show === 'flagged' || show === 'open') && !data.flagged[row]) continue;
      if (show === 'open' && ticks.get(row)) continue;
      if (show === 'ticked' && !ticks.get(row)) continue;
      if (wanted && !wanted[row].includes(words)) continue;
      rows.push(row);
    }
    if (sort === 'best') rows.reverse();
    if (sort === 'path') rows.sort((a, b) => (data.path[a] < data.path[b] ? -1 : data.path[a] > data.path[b] ? 1 : 0));
    if (sort === 'given') rows.sort((a, b) => data.given[a] - data.given[b] || a - b);
    if (sort === 'source') rows.sort((a, b) => data.source[a] - data.source[b]);
    this.rows = rows;
    this.turn(0);
  }

  /** What a search looks through, a text for each sample; made once, when it is needed first. */
  searchable() {
    const {data} = this;
    const names = data.classes.map((name) => name.toLowerCase());
    this.lower ??= data.source.map((_, row) => [pathOf(data, row).toLowerCase(), names[data.given[row]], names[data.suggested[row]] ?? ''].join('\n'));
    return this.lower;
  }

  turn(page) {
    const last = Math.max(0, Math.ceil(this.rows.length / PAGE) - 1);
    this.page = Math.min(Math.max(page, 0), last);
    const first = this.page * PAGE;
    this.cards.replaceChildren(...this.rows.slice(first, first + PAGE).map((row) => sampleCard(this.data, this.ticks, row)));
    if (!this.rows.length) this.cards.append(element('p', 'empty', 'No image fits these filters.'));
    document.getElementById('found').textContent = `${this.rows.length.toLocaleString('en')} of ${this.data.source.length.toLocaleString('en')} images`;
    document.getElementById('page').textContent = `page ${this.page + 1} of ${(last + 1).toLocaleString('en')}`;
    document.getElementById('previous').disabled = this.page === 0;
    document.getElementById('next').disabled = this.page === last;
    this.choose(this.cards.querySelector('.card'));
    this.count();
  }

  tick(card, tick) {
    const row = +card.dataset.row;
    this.ticks.set(row, tick, tick === 'wrong' ? this.ticks.get(row)?.label : '');
    markCard(card, this.ticks.get(row));
    this.count();
  }

  labelled(input) {
    const known = input.value === '' || this.data.classes.includes(input.value);
    input.setCustomValidity(known ? '' : 'This is no class of the data.');
    input.reportValidity();
    if (known) this.ticks.set(+input.closest('.card').dataset.row, 'wrong', input.value);
  }

  count() {
    const counts = this.ticks.counts();
    document.getElementById('ticked').textContent = TICKS.map((tick) => `${counts[tick].toLocaleString('en')} ${tick}`).join(', ');
    document.getElementById('export').disabled = !this.ticks.byId.size;
  }

  clicked(event) {
    const card = event.target.closest('.card');
    const tick = event.target.dataset.tick;
    if (!card) return;
    if (tick && event.target.tagName === 'BUTTON') this.tick(card, this.ticks.get(+card.dataset.row)?.tick === tick ? null : tick);
    else if (!event.target.closest('a, input')) card.focus({preventScroll: true});
  }

  /** Make a card the one that keys act on. */
  choose(card) {
    if (!card || card === this.current) return;
    if (this.current) Object.assign(this.current, {tabIndex: -1}).classList.remove('current');
    this.current = card;
    card.classList.add('current');
    card.tabIndex = 0;
  }

  /** Go to the card with this place on the page, or to the neighbouring page. */
  move(place) {
    const pages = Math.ceil(this.rows.length / PAGE);
    if (place < 0) {
      if (this.page === 0) return;
      this.turn(this.page - 1);
      place = this.cards.children.length - 1;
    } else if (place >= this.cards.children.length) {
      if (this.page + 1 >= pages) return;
      this.turn(this.page + 1);
      place = 0;
    }
    this.cards.children[place].focus();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea')) return;
    if (event.key === '/') {
      this.controls.search.focus();
      event.preventDefault();
      return;
    }
    const inside = this.cards.contains(document.activeElement);
    const box = this.cards.getBoundingClientRect();
    const idle = document.activeElement === document.body && box.top < innerHeight && box.bottom > 0;
    if (!this.current?.isConnected || !(inside || idle)) return;
    const place = [...this.cards.children].indexOf(this.current);
    const columns = getComputedStyle(this.cards).gridTemplateColumns.split(' ').length;
    const steps = {ArrowLeft: -1, ArrowRight: 1, ...(inside ? {ArrowUp: -columns, ArrowDown: columns} : {})};
    if (event.key in steps) this.move(place + steps[event.key]);
    else if (event.key === '0') this.tick(this.current, null);
    else if (TICKS[event.key - 1]) {
      this.tick(this.current, TICKS[event.key - 1]);
      this.move(place + 1);
    } else return;
    event.preventDefault();
  }
}
