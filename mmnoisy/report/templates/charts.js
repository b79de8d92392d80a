// Draws the figures that the page brings with it, in the colours of the page, and starts the rest.

function drawCharts(gallery) {
  const figures = JSON.parse(document.getElementById('figures').textContent);
  const colours = () => {
    const style = getComputedStyle(document.body);
    return {'font.color': style.color, 'hoverlabel.bgcolor': style.backgroundColor, 'hoverlabel.font.color': style.color};
  };
  const paint = (plot) => Plotly.update(plot, plot.data[0].type === 'heatmap' ? {'textfont.color': getComputedStyle(document.body).color} : {}, colours());
  const plots = [...document.querySelectorAll('.plot')];
  for (const plot of plots) {
    const {data, layout} = figures[plot.dataset.figure];
    Plotly.newPlot(plot, data, layout, {responsive: true, displaylogo: false, displayModeBar: false});
    paint(plot);
    if (plot.dataset.figure === 'pairs') {
      plot.on('plotly_click', ({points: [point]}) => {
        const [given, suggested] = point.customdata;
        gallery.select(String(given), String(suggested));
        document.getElementById('gallery').scrollIntoView();
      });
    }
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plots.forEach(paint));
}

(() => {
  const place = document.getElementById('samples');
  let gallery = null;
  if (place) {
    const data = JSON.parse(place.textContent);
    gallery = new Gallery(data, new Ticks(data));
    if (data.path) showClasses(data, gallery);
  }
  document.documentElement.dataset.usable = Math.round(performance.now());
  addEventListener('load', () => {
    drawCharts(gallery);
    document.documentElement.dataset.drawn = Math.round(performance.now());
  });
})();
