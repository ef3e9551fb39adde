import { cloud, daySky, fir, gradient, hills, palm, picture, sun, water } from './scenery.js';

export const sunset = () =>
  picture(
    gradient(['#5b2a6e', '#e4572e', '#ffb347'], 0, 108) +
      sun(120, 96, 30, '#fff2a8') +
      water(106, ['#e0703a', '#47295e'], '#ffe0a0') +
      '<path d="M96 110 H144 L136 120 H104 Z M104 124 H136 L130 134 H110 Z M110 140 H130 L126 150 H114 Z" fill="#ffe9a3" fill-opacity=".75"/>',
  );

export const forest = () =>
  picture(
    gradient(['#cfe8d0', '#8fc79a']) +
      hills(118, '#2f7d3f') +
      [
        [20, 128, 0.9],
        [66, 124, 1.1],
        [112, 130, 1],
        [160, 124, 1.2],
        [214, 128, 1],
      ]
        .map(([x, y, size]) => fir(x, y, size, '#17592c'))
        .join('') +
      [
        [-2, 178, 1.3],
        [44, 176, 1.2],
        [92, 180, 1.4],
        [146, 178, 1.3],
        [196, 180, 1.35],
        [242, 178, 1.2],
      ]
        .map(([x, y, size]) => fir(x, y, size, '#1f7a3c'))
        .join(''),
  );

export const mountain = () =>
  picture(
    daySky() +
      cloud(48, 36, 0.9) +
      '<path d="M-10 150 L60 62 L110 126 L150 40 L250 150 Z" fill="#6f7f92"/>' +
      '<path d="M60 62 L38 90 L52 86 L62 98 L72 86 L84 93 Z M150 40 L120 84 L136 78 L150 96 L164 80 L184 86 Z" fill="#fff"/>' +
      '<path d="M0 142 Q70 122 130 140 T240 134 V180 H0 Z" fill="#f4f9fd"/>' +
      fir(30, 164, 0.5) +
      fir(58, 170, 0.6) +
      fir(206, 166, 0.6),
  );

export const cityAtNight = () => {
  const towers = [
    [4, 70, 34],
    [40, 46, 30],
    [72, 88, 38],
    [112, 30, 32],
    [146, 74, 40],
    [188, 52, 28],
    [218, 84, 24],
  ];
  const windows = towers.flatMap(([x, y, width]) =>
    Array.from({ length: 40 }, (_, i) => [x + 5 + (i % 4) * (width / 4.4), y + 8 + Math.floor(i / 4) * 12])
      .filter(([left, top]) => top < 160 && (left * 7 + top * 3) % 5 > 1.6)
      .map(([left, top]) => `<rect x="${left}" y="${top}" width="4" height="6" fill="#ffd763"/>`),
  );
  const stars = Array.from(
    { length: 24 },
    (_, i) => `<circle cx="${(i * i * 37 + i * 11) % 240}" cy="${(i * 47) % 70}" r="1" fill="#fff"/>`,
  );
  return picture(
    gradient(['#070b24', '#1d2a5e']) +
      stars.join('') +
      '<circle cx="196" cy="28" r="13" fill="#f5f0d0"/><circle cx="202" cy="24" r="12" fill="#0b1030"/>' +
      towers
        .map(
          ([x, y, width]) => `<rect x="${x}" y="${y}" width="${width}" height="${180 - y}" fill="#11151f"/>`,
        )
        .join('') +
      windows.join('') +
      '<rect y="166" width="240" height="14" fill="#2a2d36"/><path d="M4 173 H240" stroke="#e8c84a" stroke-width="2" stroke-dasharray="12 10"/>',
  );
};

export const desert = () =>
  picture(
    gradient(['#f6c36b', '#fce8c0']) +
      sun(190, 40, 20, '#fff6d8') +
      '<path d="M0 110 Q70 72 140 108 T240 96 V180 H0 Z" fill="#e0a458"/><path d="M0 140 Q90 104 170 140 T240 130 V180 H0 Z" fill="#cf8b3e"/>' +
      '<g fill="none" stroke="#3f8f46" stroke-width="13" stroke-linecap="round" stroke-linejoin="round"><path d="M70 150 V84 M70 122 H48 V102 M70 132 H94 V108"/></g>',
  );

export const cafe = () =>
  picture(
    '<rect width="240" height="180" fill="#e9d3ae"/><rect y="150" width="240" height="30" fill="#9a948c"/><rect x="28" y="82" width="84" height="68" fill="#5f8fa8"/><rect x="132" y="82" width="42" height="68" fill="#6d3f22"/>' +
      '<path d="M70 82 V150 M28 116 H112" stroke="#fff" stroke-width="4"/><rect x="28" y="82" width="84" height="68" fill="none" stroke="#fff" stroke-width="4"/><circle cx="166" cy="118" r="3" fill="#f0c94c"/>' +
      Array.from(
        { length: 10 },
        (_, i) =>
          `<path d="M${18 + i * 17} 54 h17 l4 28 q-10 8 -20 0 Z" fill="${i % 2 ? '#fff' : '#c9302c'}"/>`,
      ).join('') +
      '<rect x="18" y="48" width="172" height="8" fill="#8a1f1c"/><ellipse cx="208" cy="120" rx="24" ry="5" fill="#4a2c17"/><path d="M208 120 V156 M194 158 H222" stroke="#4a2c17" stroke-width="5"/>' +
      '<path d="M200 104 h18 v8 q0 7 -9 7 t-9 -7 Z" fill="#fff"/><path d="M218 106 q7 1 0 8" fill="none" stroke="#fff" stroke-width="2.4"/>',
  );

export const island = () =>
  picture(
    daySky() +
      sun(40, 36) +
      cloud(180, 40) +
      water(92, ['#21b6c4', '#0e7fa6']) +
      '<ellipse cx="128" cy="132" rx="78" ry="20" fill="#f0d9a0"/>' +
      palm(108, 130, 1) +
      palm(146, 134, 0.8),
  );

export const lighthouse = () =>
  picture(
    daySky() +
      cloud(58, 44) +
      water(112, ['#2b78b5', '#174d80']) +
      '<path d="M120 180 Q128 128 170 124 Q220 122 240 140 V180 Z" fill="#6a6f66"/>' +
      '<path d="M158 130 L166 44 H190 L198 130 Z" fill="#fff"/><path d="M160.500 104 L163 78 H193 L195.500 104 Z M165 58 L166.300 44 H189.700 L191 58 Z" fill="#d12f2f"/>' +
      '<rect x="162" y="40" width="32" height="5" fill="#333"/><rect x="169" y="24" width="18" height="16" fill="#ffe680"/><path d="M164 25 L178 12 L192 25 Z" fill="#b32626"/>',
  );

export const northernLights = () =>
  picture(
    gradient(['#04071a', '#10264a']) +
      Array.from(
        { length: 30 },
        (_, i) => `<circle cx="${(i * i * 37 + i * 11) % 240}" cy="${(i * 47) % 120}" r=".9" fill="#fff"/>`,
      ).join('') +
      '<path d="M-10 90 Q40 20 90 64 T180 44 T250 30 V60 Q200 70 170 82 T90 104 T-10 126 Z" fill="#2fe08a" fill-opacity=".75"/><path d="M-10 70 Q60 20 110 50 T250 10 V28 Q190 50 120 66 T-10 90 Z" fill="#8f6bff" fill-opacity=".55"/>' +
      hills(150, '#0a0f18') +
      fir(36, 156, 0.6, '#060a10') +
      fir(206, 154, 0.7, '#060a10'),
  );
