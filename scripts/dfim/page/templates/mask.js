// Leave out what is too near, or of the other sign, and let the colours reach to the largest of the rest.
const full = source.data.delta[0];
const shown = source.data.shown[0];
const size = Math.round(Math.sqrt(full.length));
const sizes = [];
for (let row = 0; row < size; row++) {
  for (let column = 0; column < size; column++) {
    const cell = row * size + column;
    const value = full[cell];
    const near = Math.abs(row - column) < slider.value;
    const other = (signs.active === 1 && value <= 0) || (signs.active === 2 && value >= 0);
    shown[cell] = near || other ? NaN : value;
    if (Number.isFinite(shown[cell])) sizes.push(Math.abs(shown[cell]));
  }
}
sizes.sort((one, other) => one - other);
const limit = sizes.length ? sizes[Math.floor(0.998 * (sizes.length - 1))] || sizes[sizes.length - 1] || 1 : 1;
mapper.low = -limit;
mapper.high = limit;
source.change.emit();
