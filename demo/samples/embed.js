/**
 * Writes keywords into images as photo programs do: an XMP packet (Dublin Core, Lightroom's hierarchies) and IPTC
 * datasets in a JPEG's APP13 segment.
 */

/** @param {{ subjects?: string[], hierarchies?: string[] }} keywords */
export function xmpPacket({ subjects = [], hierarchies = [] }) {
  return `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/">${bag('dc:subject', subjects)}${bag('lr:hierarchicalSubject', hierarchies)}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>`;
}

/** @param {string} property @param {string[]} items */
function bag(property, items) {
  if (items.length === 0) return '';
  const list = items.map((item) => `\n     <rdf:li>${escapeXml(item)}</rdf:li>`).join('');
  return `\n   <${property}>\n    <rdf:Bag>${list}\n    </rdf:Bag>\n   </${property}>`;
}

/** @param {string} text */
const escapeXml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/**
 * The JPEG with IPTC keywords (dataset 2:25), in UTF-8 and announced as such (1:90).
 *
 * @param {Buffer} jpeg @param {string[]} keywords
 */
export function withIptc(jpeg, keywords) {
  const datasets = [dataset(1, 90, '\x1b%G'), ...keywords.map((keyword) => dataset(2, 25, keyword))];
  const iim = Buffer.concat(datasets);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(iim.length);
  // Image resource 0x0404 without a name, padded to an even length.
  const resource = [Buffer.from('8BIM\x04\x04\0\0', 'latin1'), size, iim, Buffer.alloc(iim.length % 2)];
  const content = Buffer.concat([Buffer.from('Photoshop 3.0\0'), ...resource]);
  const header = Buffer.from([0xff, 0xed, (content.length + 2) >> 8, (content.length + 2) & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), header, content, jpeg.subarray(2)]);
}

/** @param {number} record @param {number} number @param {string} value */
function dataset(record, number, value) {
  const content = Buffer.from(value);
  return Buffer.concat([Buffer.from([0x1c, record, number, 0, content.length]), content]);
}
