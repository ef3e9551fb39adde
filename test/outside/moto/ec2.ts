import { type Correction, withText } from './exchange.ts';

/** The range of every default VPC. */
const DEFAULT_VPC = '172.31.0.0/16';

/**
 * moto's default VPC has no way out. AWS: its main route table leads 0.0.0.0/0 to an internet gateway (VPC user guide,
 * default-vpc).
 */
export function routesDefaultVpc(): Correction {
  const local = new RegExp(
    `<item>\\s*<destinationCidrBlock>${DEFAULT_VPC}</destinationCidrBlock>\\s*<gatewayId>local</gatewayId>.*?</item>`,
    'gs',
  );
  const way =
    '<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><gatewayId>igw-0123456789abcdef0</gatewayId>' +
    '<state>active</state><origin>CreateRoute</origin></item>';
  return async (request, next) => {
    const answer = await next(request);
    if (request.service !== 'ec2' || !request.body.includes('Action=DescribeRouteTables')) return answer;
    return withText(
      answer,
      answer.body.toString('utf8').replaceAll(local, (item) => item + way),
    );
  };
}
