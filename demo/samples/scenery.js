/** Parts that several pictures share. All pictures are 240 × 180 units. */

export const WIDTH = 240;
export const HEIGHT = 180;

/** @param {string} content @param {string} [definitions] */
export const picture = (content, definitions = '') =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">` +
  `<defs>${definitions}</defs>${content}</svg>`;

/** A vertical gradient over the whole picture or a part of it. @param {string[]} colours */
export function gradient(colours, top = 0, height = HEIGHT) {
  const id = `g${colours.join('').replaceAll('#', '')}`;
  const stops = colours.map(
    (colour, i) => `<stop offset="${i / (colours.length - 1)}" stop-color="${colour}"/>`,
  );
  return (
    `<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1">${stops.join('')}</linearGradient>` +
    `<rect y="${top}" width="${WIDTH}" height="${height}" fill="url(#${id})"/>`
  );
}

export const daySky = () => gradient(['#6bb7f0', '#cfeafb']);

/** @param {number} x @param {number} y */
export const sun = (x, y, radius = 18, colour = '#ffd83d') =>
  `<circle cx="${x}" cy="${y}" r="${radius}" fill="${colour}"/>`;

/** @param {number} x @param {number} y */
export const cloud = (x, y, size = 1) =>
  `<g transform="translate(${x} ${y}) scale(${size})" fill="#fff"><ellipse rx="22" ry="9"/>` +
  '<circle cx="-8" cy="-6" r="9"/><circle cx="7" cy="-8" r="11"/></g>';

/** Rolling ground that begins at about `y`. @param {number} y @param {string} colour */
export const hills = (y, colour) =>
  `<path d="M0 ${y} Q40 ${y - 18} 90 ${y} T180 ${y} T240 ${y - 6} V180 H0 Z" fill="${colour}"/>`;

/** Water with light on its waves, from `y` down. @param {number} y @param {string[]} colours */
export function water(y, colours, light = '#ffffff') {
  const waves = Array.from({ length: 12 }, (_, i) => {
    const x = (i * 67) % 225;
    const top = y + 8 + ((i * 29) % Math.max(HEIGHT - y - 14, 1));
    return `<path d="M${x} ${top} q5 -4 10 0 t10 0" fill="none" stroke="${light}" stroke-opacity=".55" stroke-width="2"/>`;
  });
  return gradient(colours, y, HEIGHT - y) + waves.join('');
}

/** @param {number} x @param {number} y the foot of the trunk */
export const fir = (x, y, size = 1, colour = '#1f6b36') =>
  `<g transform="translate(${x} ${y}) scale(${size})"><rect x="-4" y="-14" width="8" height="14" fill="#6b4423"/>` +
  `<path d="M0 -80 L18 -48 H10 L24 -28 H14 L30 -10 H-30 L-14 -28 H-24 L-10 -48 H-18 Z" fill="${colour}"/></g>`;

/** @param {number} x @param {number} y the foot of the trunk */
export const palm = (x, y, size = 1) =>
  `<g transform="translate(${x} ${y}) scale(${size})"><path d="M-4 0 Q2 -35 12 -66 L18 -64 Q10 -32 6 0 Z" fill="#8a5a2b"/>` +
  '<g fill="#2f9e44"><path d="M15 -66 Q-8 -88 -26 -62 Q-6 -70 15 -66"/><path d="M15 -66 Q38 -90 56 -62 Q36 -72 15 -66"/>' +
  '<path d="M15 -66 Q0 -60 -10 -38 Q10 -50 15 -66"/><path d="M15 -66 Q34 -60 42 -38 Q22 -50 15 -66"/>' +
  '<path d="M15 -66 Q14 -92 34 -94 Q22 -82 15 -66"/></g></g>';
