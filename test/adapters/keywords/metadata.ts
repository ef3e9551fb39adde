/** An XMP packet around the inside of its `rdf:Description`, as Adobe's programs write it. */
export function xmpPacket(properties: string, attributes = ''): string {
  return (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">' +
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""' +
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/"' +
    ` ${attributes}>${properties}</rdf:Description></rdf:RDF></x:xmpmeta>\n  \n<?xpacket end="w"?>`
  );
}

export const subjectBag = (...keywords: string[]) => `<dc:subject>${bag(keywords)}</dc:subject>`;

export const hierarchyBag = (...paths: string[]) =>
  `<lr:hierarchicalSubject>${bag(paths)}</lr:hierarchicalSubject>`;

const bag = (items: string[]) =>
  `<rdf:Bag>${items.map((item) => `<rdf:li>${item}</rdf:li>`).join('')}</rdf:Bag>`;

/** One IIM dataset: `record:number`, value. */
export function dataset(record: number, number: number, value: string | Buffer): Buffer {
  const content = Buffer.from(value);
  const header = Buffer.from([0x1c, record, number, content.length >> 8, content.length & 255]);
  return Buffer.concat([header, content]);
}

export const UTF_8_MARKER = dataset(1, 90, '\x1b%G');

/** Keywords as bare IIM datasets, announced as UTF-8. */
export const iimKeywords = (...keywords: string[]) =>
  Buffer.concat([UTF_8_MARKER, ...keywords.map((keyword) => dataset(2, 25, keyword))]);

/** One of Photoshop's image resources; names and contents are padded to even lengths. */
export function imageResource(id: number, content: Buffer, name = ''): Buffer {
  const paddedName = Buffer.alloc(1 + name.length + ((1 + name.length) % 2));
  paddedName.writeUInt8(name.length, 0);
  paddedName.write(name, 1, 'latin1');
  const numbers = Buffer.alloc(6);
  numbers.writeUInt16BE(id, 0);
  numbers.writeUInt32BE(content.length, 2);
  return Buffer.concat([
    Buffer.from('8BIM'),
    numbers.subarray(0, 2),
    paddedName,
    numbers.subarray(2),
    content,
    Buffer.alloc(content.length % 2),
  ]);
}

export const photoshopBlock = (...resources: Buffer[]) =>
  Buffer.concat([Buffer.from('Photoshop 3.0\0'), ...resources]);

/** A JPEG with another segment (marker 0xE0–0xEF) behind its start of image. */
export function withSegment(jpeg: Buffer, marker: number, content: Buffer): Buffer {
  const header = Buffer.from([0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), header, content, jpeg.subarray(2)]);
}

export const withIptc = (jpeg: Buffer, iim: Buffer) =>
  withSegment(jpeg, 0xed, photoshopBlock(imageResource(0x0404, iim)));
