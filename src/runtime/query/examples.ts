/** An image as the examples of the query help see it: every label with its confidence. */
export interface ExampleImage {
  key: string;
  labels: Readonly<Record<string, number>>;
}

export const EXAMPLE_IMAGES: readonly ExampleImage[] = [
  { key: 'beach.jpg', labels: { Dog: 98, 'Golden Retriever': 96, Animal: 98, Beach: 91 } },
  { key: 'garden.jpg', labels: { Dog: 88, Animal: 88, Dogwood: 77, Plant: 95 } },
  { key: 'sofa.jpg', labels: { Dog: 93, Cat: 97, Animal: 97, 'Golden Retriever': 62 } },
  { key: 'street.jpg', labels: { Cat: 71, Animal: 71, Car: 99, 'Police Car': 84 } },
];

export interface QueryExample {
  query: string;
  meaning: string;
  /** Keys of `EXAMPLE_IMAGES`, ascending, without any other minimum confidence. */
  finds: readonly string[];
}

/** What `rekback help query` shows; the tests run every one of them. */
export const QUERY_EXAMPLES: readonly QueryExample[] = [
  {
    query: 'dog',
    meaning: 'images with the label Dog, in any case',
    finds: ['beach.jpg', 'garden.jpg', 'sofa.jpg'],
  },
  {
    query: 'dogs',
    meaning: 'the same: no label is called so, but its singular is',
    finds: ['beach.jpg', 'garden.jpg', 'sofa.jpg'],
  },
  {
    query: 'animal',
    meaning: 'dogs and cats too: a label brings its ancestors',
    finds: ['beach.jpg', 'garden.jpg', 'sofa.jpg', 'street.jpg'],
  },
  { query: 'dog cat', meaning: 'both labels; the same as dog AND cat', finds: ['sofa.jpg'] },
  { query: 'beach OR car', meaning: 'one of them, or both', finds: ['beach.jpg', 'street.jpg'] },
  {
    query: 'dog -cat',
    meaning: 'a dog but no cat; the same as dog NOT cat',
    finds: ['beach.jpg', 'garden.jpg'],
  },
  { query: 'NOT dog', meaning: 'everything without a dog', finds: ['street.jpg'] },
  {
    query: 'beach OR cat car',
    meaning: 'AND binds before OR: a beach, or a cat with a car',
    finds: ['beach.jpg', 'street.jpg'],
  },
  {
    query: '(beach OR cat) dog',
    meaning: 'parentheses group: a dog with a beach or a cat',
    finds: ['beach.jpg', 'sofa.jpg'],
  },
  { query: '"golden retriever"', meaning: 'one label of two words', finds: ['beach.jpg', 'sofa.jpg'] },
  {
    query: 'dog*',
    meaning: 'labels that begin with dog: Dog, Dogwood',
    finds: ['beach.jpg', 'garden.jpg', 'sofa.jpg'],
  },
  { query: 'p*t', meaning: '* stands for any characters, also within a label: Plant', finds: ['garden.jpg'] },
  { query: '"police *"', meaning: 'and in quotes; "\\*" is the character itself', finds: ['street.jpg'] },
  { query: 'dog>=95', meaning: 'a dog with a confidence of 95 or more', finds: ['beach.jpg'] },
  { query: '"golden retriever">=90 beach', meaning: 'only this label needs 90', finds: ['beach.jpg'] },
  {
    query: 'dog -"golden retriever">=90',
    meaning: 'no label of 90 or more; a less certain one is no hindrance',
    finds: ['garden.jpg', 'sofa.jpg'],
  },
];

/** The text of `rekback help query`, from the examples above. */
export function queryHelp(): string {
  const column = Math.max(...QUERY_EXAMPLES.map(({ query }) => query.length)) + 3;
  const lines = QUERY_EXAMPLES.map(({ query, meaning }) => `  ${query.padEnd(column)}${meaning}`);
  return [
    'A query names labels; upper and lower case make no difference there.',
    '',
    ...lines,
    '',
    'NOT binds before AND, AND before OR. AND, OR and NOT are operators in upper case only: or, in lower case, is a',
    'label like any other. A label that contains a space, parenthesis, quote, *, <, > or =, or begins with -, goes into',
    'double quotes; in them \\", \\* and \\\\ stand for the character itself.',
    '',
    'A minimum confidence is a whole number from 0 to 100. Labels without one follow --min-confidence, also under NOT.',
    'Best match first: the lowest confidence among the labels that had to match counts.',
    '',
    'A shell reads > ( * and " itself, so put the whole query into single quotes:',
    '  rekback search \'dog>=95 -"golden retriever"\'',
  ].join('\n');
}
