import { cloud, daySky, gradient, hills, picture, sun, water } from './scenery.js';

/** @param {number} x @param {number} y @param {number} radius */
const wheel = (x, y, radius) =>
  `<circle cx="${x}" cy="${y}" r="${radius}" fill="#1c1c20"/><circle cx="${x}" cy="${y}" r="${radius * 0.5}" fill="#c9ccd2"/>`;

export const redCar = () =>
  picture(
    daySky() +
      hills(104, '#7fc15e') +
      '<rect y="130" width="240" height="50" fill="#5a5d63"/><path d="M0 158 H240" stroke="#f4f4f4" stroke-width="3" stroke-dasharray="18 14"/>' +
      '<path d="M22 134 Q20 106 52 102 L78 76 Q82 70 92 70 H146 Q156 70 162 76 L186 102 Q222 106 220 134 Z" fill="#d3202a"/>' +
      '<path d="M70 100 L88 80 H116 V100 Z M124 80 H148 L166 100 H124 Z" fill="#bfe3f5"/><circle cx="214" cy="116" r="6" fill="#ffe68a"/>' +
      wheel(68, 136, 19) +
      wheel(174, 136, 19),
  );

export const bicycle = () =>
  picture(
    gradient(['#ffe9c9', '#ffd9a0']) +
      '<rect y="150" width="240" height="30" fill="#b98a5a"/><g fill="none" stroke="#222" stroke-width="5"><circle cx="72" cy="122" r="34"/><circle cx="172" cy="122" r="34"/></g>' +
      '<g fill="none" stroke="#0f8a8a" stroke-width="6" stroke-linejoin="round"><path d="M72 122 L100 76 H152 L114 122 Z M100 76 L114 122 M172 122 L148 62"/></g>' +
      '<path d="M86 68 H112 M148 62 Q162 52 170 62" fill="none" stroke="#222" stroke-width="6" stroke-linecap="round"/><path d="M99 78 L96 68" stroke="#222" stroke-width="5"/><circle cx="114" cy="122" r="7" fill="#222"/>',
  );

export const sailboat = () =>
  picture(
    daySky() +
      sun(200, 34) +
      cloud(60, 34) +
      water(112, ['#2e8fce', '#155a94']) +
      '<path d="M122 24 V124" stroke="#6b4423" stroke-width="4"/><path d="M126 28 Q182 70 178 112 H126 Z" fill="#fff"/><path d="M118 40 Q84 78 80 112 H118 Z" fill="#e8413c"/>' +
      '<path d="M66 122 H186 Q178 146 160 146 H92 Q72 146 66 122 Z" fill="#7a4a21"/>',
  );

/** @param {number} x @param {number} y @param {string} colour */
const flower = (x, y, colour) =>
  `<path d="M${x} ${y} Q${x + 5} ${y + 40} ${x} 176" fill="none" stroke="#2f8f3e" stroke-width="5"/><ellipse cx="${x + 12}" cy="150" rx="13" ry="5" fill="#3aa64b" transform="rotate(-30 ${x + 12} 150)"/>` +
  Array.from(
    { length: 6 },
    (_, i) =>
      `<ellipse cx="${x}" cy="${y - 17}" rx="9" ry="15" fill="${colour}" transform="rotate(${i * 60} ${x} ${y})"/>`,
  ).join('') +
  `<circle cx="${x}" cy="${y}" r="9" fill="#ffcf33"/>`;

export const flowers = () =>
  picture(
    daySky() +
      hills(128, '#5fae45') +
      flower(44, 96, '#e8408c') +
      flower(94, 68, '#8e44d6') +
      flower(146, 92, '#ff5a5a') +
      flower(196, 72, '#ff7fc0'),
  );

export const fruit = () =>
  picture(
    '<rect width="240" height="180" fill="#f4e6cf"/><rect y="128" width="240" height="52" fill="#b57b46"/><circle cx="92" cy="92" r="33" fill="#d62839"/><path d="M92 62 Q94 48 104 44" fill="none" stroke="#5b3716" stroke-width="4"/><ellipse cx="110" cy="50" rx="12" ry="5" fill="#3f9e3f" transform="rotate(-20 110 50)"/>' +
      '<circle cx="154" cy="96" r="31" fill="#f78f1e"/><circle cx="146" cy="78" r="3" fill="#c96c0a"/><path d="M30 62 Q40 108 96 122 Q44 140 22 70 Z" fill="#ffd21f" stroke="#c79a12" stroke-width="2"/><path d="M28 118 H212 Q204 164 160 164 H80 Q36 164 28 118 Z" fill="#3f6fb5"/><path d="M28 118 H212" stroke="#fff" stroke-width="5"/>',
  );

/** A balloon on nothing: what the GIF shows is transparent around it. */
export const balloon = () =>
  picture(
    '<path d="M120 14 Q176 14 176 68 Q176 104 136 126 H104 Q64 104 64 68 Q64 14 120 14 Z" fill="#e8302e"/><path d="M120 14 Q142 30 142 68 Q142 104 130 126 H110 Q98 104 98 68 Q98 30 120 14 Z" fill="#ffd23b"/>' +
      '<path d="M106 126 L110 148 M134 126 L130 148" stroke="#5b3716" stroke-width="2.500"/><rect x="106" y="146" width="28" height="22" rx="3" fill="#8a5a2b"/>',
  );

export const coffee = () =>
  picture(
    '<rect width="240" height="180" fill="#d9c3a5"/><ellipse cx="112" cy="150" rx="82" ry="14" fill="#fff"/><path d="M58 70 H166 V112 Q166 148 130 148 H94 Q58 148 58 112 Z" fill="#fff"/><path d="M166 82 Q200 80 194 106 Q188 126 162 120" fill="none" stroke="#fff" stroke-width="10"/>' +
      '<ellipse cx="112" cy="70" rx="54" ry="13" fill="#f0ece6"/><ellipse cx="112" cy="71" rx="47" ry="10" fill="#5a3418"/><g fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round" stroke-opacity=".8"><path d="M94 50 q-8 -12 0 -22 t0 -18 M118 48 q-8 -12 0 -22 t0 -18"/></g>',
  );

export const gift = () =>
  picture(
    '<rect width="240" height="180" fill="#efe9f7"/><rect x="58" y="76" width="124" height="88" fill="#2e9e5b"/><rect x="50" y="62" width="140" height="26" fill="#37b76b"/><rect x="108" y="62" width="24" height="102" fill="#e83f5b"/>' +
      '<path d="M120 62 Q72 60 78 34 Q100 22 120 62 Q140 22 162 34 Q168 60 120 62 Z" fill="#e83f5b"/><circle cx="120" cy="60" r="9" fill="#c02a45"/>',
  );
