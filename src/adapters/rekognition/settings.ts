import type { DetectLabelsRequest } from '@aws-sdk/client-rekognition';
import type { Labeling } from '../../runtime/contract.ts';
import { RekbackError } from '../../runtime/errors.ts';

/** Raised whenever the same image would get other labels than before; never for the service's own new models. */
const REVISION = 1;

/** https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectLabels.html */
const MOST_LABELS = 1_000;
const MOST_NAMES = 100;

export type RekognitionSettings = Partial<Pick<Labeling, 'labelFloor' | 'maxLabels' | 'include' | 'exclude'>>;

/**
 * What labels by Rekognition depend on.
 * @throws RekbackError `labeling-invalid`: what the service would refuse for every image
 */
export function rekognitionLabeling(settings: RekognitionSettings = {}): Labeling {
  const { labelFloor = 5, maxLabels = 100, include = [], exclude = [] } = settings;
  if (!(labelFloor >= 0 && labelFloor <= 100))
    throw invalid(`a label floor of ${labelFloor}`, 'from 0 to 100');
  if (!Number.isInteger(maxLabels) || maxLabels < 1 || maxLabels > MOST_LABELS) {
    throw invalid(`${maxLabels} labels`, `a whole number from 1 to ${MOST_LABELS}`);
  }
  for (const names of [include, exclude]) {
    if (names.length > MOST_NAMES)
      throw invalid(`${names.length} names in a filter`, `at most ${MOST_NAMES}`);
  }
  return { labeler: 'rekognition', revision: REVISION, labelFloor, maxLabels, include, exclude };
}

const invalid = (what: string, allowed: string) =>
  new RekbackError('labeling-invalid', `Rekognition does not take ${what}`, {
    exitCode: 2,
    suggestions: [`give ${allowed}`],
  });

/** Everything of a call but its image. IMAGE_PROPERTIES would be billed as another image. */
export function requestSettings(labeling: Labeling): Omit<DetectLabelsRequest, 'Image'> {
  const { labelFloor, maxLabels, include, exclude } = labeling;
  const filters = {
    ...(include.length > 0 && { LabelInclusionFilters: [...include] }),
    ...(exclude.length > 0 && { LabelExclusionFilters: [...exclude] }),
  };
  return {
    Features: ['GENERAL_LABELS'],
    MaxLabels: maxLabels,
    MinConfidence: labelFloor,
    ...(Object.keys(filters).length > 0 && { Settings: { GeneralLabels: filters } }),
  };
}
