import { cloud, daySky, fir, gradient, hills, picture, sun, water } from './scenery.js';

/** A sitting dog, 100 high, its feet at the origin. @param {number} x @param {number} y */
const dog = (x, y, coat = '#a8672f', ear = '#6f3f1a', size = 1) =>
  `<g transform="translate(${x} ${y}) scale(${size})">` +
  `<path d="M30 -14 Q58 -20 52 -46" fill="none" stroke="${coat}" stroke-width="9" stroke-linecap="round"/>` +
  `<ellipse cx="6" cy="-28" rx="30" ry="30" fill="${coat}"/>` +
  `<rect x="-20" y="-36" width="13" height="36" rx="6" fill="${coat}"/><rect x="-2" y="-36" width="13" height="36" rx="6" fill="${coat}"/>` +
  '<ellipse cx="-2" cy="-34" rx="14" ry="17" fill="#f3e0c4"/>' +
  `<ellipse cx="-6" cy="-74" rx="27" ry="25" fill="${coat}"/>` +
  `<path d="M-28 -92 Q-48 -84 -40 -54 Q-26 -60 -24 -82 Z" fill="${ear}"/><path d="M14 -92 Q34 -86 30 -54 Q16 -60 12 -82 Z" fill="${ear}"/>` +
  '<ellipse cx="-8" cy="-64" rx="15" ry="12" fill="#f3e0c4"/><ellipse cx="-8" cy="-70" rx="6" ry="4.5" fill="#1d1512"/>' +
  '<path d="M-8 -66 V-60 M-16 -60 Q-12 -54 -8 -60 Q-4 -54 0 -60" fill="none" stroke="#1d1512" stroke-width="2"/>' +
  '<path d="M-11 -57 Q-8 -44 -4 -57 Z" fill="#ee6d7c"/><circle cx="-17" cy="-80" r="3.6" fill="#1d1512"/><circle cx="4" cy="-80" r="3.6" fill="#1d1512"/></g>';

/** A sitting cat, 95 high, its feet at the origin. @param {number} x @param {number} y */
const cat = (x, y, coat = '#8d8d93', size = 1) =>
  `<g transform="translate(${x} ${y}) scale(${size})">` +
  `<path d="M22 -8 Q60 -4 50 -44 Q48 -56 56 -58" fill="none" stroke="${coat}" stroke-width="8" stroke-linecap="round"/>` +
  `<path d="M-24 0 Q-26 -58 0 -58 Q26 -58 28 0 Z" fill="${coat}"/><path d="M-11 0 Q-12 -40 1 -40 Q14 -40 13 0 Z" fill="#f4f1ec"/>` +
  `<path d="M-24 -72 L-24 -98 L-8 -86 H10 L26 -98 L26 -72 Q22 -50 1 -50 Q-20 -50 -24 -72 Z" fill="${coat}"/>` +
  '<path d="M-20 -82 V-92 L-13 -86 Z M22 -82 V-92 L15 -86 Z" fill="#f2a3ad"/>' +
  '<ellipse cx="-9" cy="-72" rx="4.5" ry="5.5" fill="#cfe86b"/><ellipse cx="11" cy="-72" rx="4.5" ry="5.5" fill="#cfe86b"/>' +
  '<ellipse cx="-9" cy="-72" rx="1.6" ry="5" fill="#16130f"/><ellipse cx="11" cy="-72" rx="1.6" ry="5" fill="#16130f"/>' +
  '<path d="M-2 -64 H4 L1 -61 Z" fill="#e9707f"/>' +
  '<path d="M1 -61 V-58 M-6 -62 L-26 -66 M-6 -59 L-26 -58 M8 -62 L28 -66 M8 -59 L28 -58" stroke="#2a2622" stroke-width="1.2" fill="none"/></g>';

const room = (/** @type {string} */ wall, /** @type {string} */ floor) =>
  `<rect width="240" height="180" fill="${wall}"/><rect y="132" width="240" height="48" fill="${floor}"/><rect y="128" width="240" height="4" fill="#fff" fill-opacity=".6"/>`;

const beach = () =>
  daySky() +
  sun(204, 32) +
  water(78, ['#1f86c4', '#5cc3dd']) +
  '<path d="M0 128 Q70 108 240 124 V180 H0 Z" fill="#ecd49a"/>';

export const dogOnBeach = () =>
  picture(
    beach() +
      dog(100, 164) +
      '<circle cx="176" cy="152" r="13" fill="#e23b3b"/><path d="M164 148 Q176 158 188 148" fill="none" stroke="#fff" stroke-width="4"/>',
  );

export const puppy = () =>
  picture(daySky() + hills(104, '#78c257') + dog(120, 168, '#e2b35f', '#b9822f', 1.25));

export const blackDogInSnow = () =>
  picture(
    gradient(['#b9cfe4', '#e9f0f6']) +
      fir(40, 118, 0.8) +
      fir(204, 112, 0.9) +
      hills(116, '#fdfeff') +
      dog(116, 166, '#2b2b30', '#15151a', 1.1),
  );

export const catOnSofa = () =>
  picture(
    `${room('#f6e3c5', '#a9744a')}<rect x="20" y="74" width="200" height="66" rx="16" fill="#a83242"/><rect x="8" y="96" width="34" height="66" rx="12" fill="#8c2836"/>` +
      `<rect x="198" y="96" width="34" height="66" rx="12" fill="#8c2836"/><rect x="30" y="116" width="180" height="44" rx="8" fill="#c2465a"/>${cat(112, 130)}`,
  );

export const catAndDog = () =>
  picture(
    daySky() +
      cloud(50, 34) +
      cloud(184, 44, 0.8) +
      hills(110, '#6fb64c') +
      dog(74, 166) +
      cat(170, 166, '#e08a3c'),
  );

export const kitten = () =>
  picture(
    `${room('#cfe3ea', '#c79a6b')}${cat(112, 168, '#3a3a40', 1.2)}<circle cx="196" cy="152" r="15" fill="#3f7fd1"/>` +
      '<path d="M184 144 Q196 152 208 144 M182 152 Q196 162 210 152 M196 167 Q170 178 150 166" fill="none" stroke="#27589b" stroke-width="2.4"/>',
  );

export const horse = () =>
  picture(
    daySky() +
      sun(36, 34) +
      hills(112, '#7cc058') +
      '<g fill="#7b4a24"><path d="M68 92 Q110 78 152 92 Q164 98 160 116 Q112 130 72 116 Q60 104 68 92 Z"/>' +
      '<path d="M142 96 Q160 70 164 48 L172 38 L174 48 Q192 56 200 72 Q198 80 188 78 L176 72 Q174 96 160 112 Z"/>' +
      '<rect x="72" y="108" width="11" height="52"/><rect x="88" y="110" width="11" height="48"/><rect x="134" y="110" width="11" height="48"/><rect x="149" y="106" width="11" height="54"/></g>' +
      '<path d="M164 46 Q146 64 140 94 L150 92 Q156 72 170 50 Z" fill="#2f1b0d"/><path d="M68 92 Q44 98 48 138 Q56 120 62 112 Z" fill="#2f1b0d"/>' +
      '<circle cx="180" cy="59" r="2.8" fill="#120b06"/><g fill="#2f1b0d"><rect x="71" y="156" width="13" height="7"/><rect x="87" y="154" width="13" height="7"/><rect x="133" y="154" width="13" height="7"/><rect x="148" y="156" width="13" height="7"/></g>' +
      '<g fill="#fff">' +
      [20, 50, 110, 190, 222].map((x, i) => `<circle cx="${x}" cy="${150 + (i % 3) * 9}" r="3"/>`).join('') +
      '</g>',
  );

export const fish = () =>
  picture(
    gradient(['#2aa7c9', '#0b4f8a']) +
      '<path d="M0 162 Q60 150 120 160 T240 156 V180 H0 Z" fill="#d9c08a"/>' +
      [30, 46, 200, 216]
        .map(
          (x, i) =>
            `<path d="M${x} 164 q-10 -18 0 -34 q10 -16 0 -${30 + i * 6}" fill="none" stroke="#1e8f5a" stroke-width="6" stroke-linecap="round"/>`,
        )
        .join('') +
      '<path d="M60 88 Q110 40 160 88 Q110 136 60 88 Z" fill="#ff8a1f"/><path d="M154 88 L194 60 Q184 88 194 116 Z" fill="#ff8a1f"/>' +
      '<path d="M96 64 Q106 88 96 112 L110 112 Q120 88 110 64 Z M134 70 Q142 88 134 106 L144 102 Q150 88 144 76 Z" fill="#fff"/>' +
      '<circle cx="80" cy="82" r="7" fill="#fff"/><circle cx="78" cy="82" r="3.6" fill="#111"/><path d="M104 52 Q116 34 132 58 Z" fill="#e8730c"/>' +
      [
        [48, 60, 5],
        [40, 44, 3.5],
        [54, 30, 2.5],
      ]
        .map(([x, y, r]) => `<circle cx="${x}" cy="${y}" r="${r}" fill="#fff" fill-opacity=".6"/>`)
        .join(''),
  );

export const bird = () =>
  picture(
    daySky() +
      cloud(56, 40) +
      '<path d="M0 138 Q90 120 240 134" fill="none" stroke="#6b4423" stroke-width="10"/>' +
      [
        [30, 130],
        [196, 124],
        [220, 140],
        [60, 134],
      ]
        .map(
          ([x, y]) =>
            `<ellipse cx="${x}" cy="${y}" rx="16" ry="7" fill="#4caf50" transform="rotate(-24 ${x} ${y})"/>`,
        )
        .join('') +
      '<path d="M150 104 L206 116 L200 126 L144 120 Z" fill="#1c4f9c"/><ellipse cx="122" cy="98" rx="40" ry="28" fill="#2f74d0"/><ellipse cx="112" cy="106" rx="24" ry="18" fill="#f7a34b"/>' +
      '<circle cx="92" cy="72" r="21" fill="#2f74d0"/><path d="M72 70 L52 77 L73 81 Z" fill="#f2b01e"/><circle cx="86" cy="67" r="4.6" fill="#fff"/><circle cx="85" cy="67" r="2.6" fill="#111"/>' +
      '<path d="M118 84 Q160 84 166 108 Q138 116 118 100 Z" fill="#1c4f9c"/><path d="M112 124 V134 M128 124 V133" stroke="#5a3b1c" stroke-width="3"/>',
  );

export const duck = () =>
  picture(
    daySky() +
      hills(74, '#67b04a') +
      water(84, ['#4b9fd0', '#2a6fa8']) +
      '<path d="M62 112 Q56 148 118 148 Q176 146 178 108 Q158 122 138 112 Q100 100 98 112 Z" fill="#ffd94a"/><circle cx="88" cy="88" r="25" fill="#ffd94a"/>' +
      '<path d="M68 88 Q46 88 44 96 Q56 102 72 98 Z" fill="#f28c1d"/><circle cx="82" cy="82" r="4" fill="#16130f"/><path d="M108 122 Q140 112 152 128 Q130 142 110 134 Z" fill="#eab92c"/>',
  );
