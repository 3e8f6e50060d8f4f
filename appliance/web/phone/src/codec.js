// Answers name one codec (and the digits): with several in the answer, the box has to offer again to agree on
// one, RFC 3264 10.2, which is another round for every call and can go wrong while the edge starts anew.

const ABOUT = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d+)/;

export function withOneCodec(sdp) {
  const digits = [...sdp.matchAll(/^a=rtpmap:(\d+) telephone-event\/8000/gm)].map(([, payload]) => payload);
  const [line, head, listed] = sdp.match(/^(m=audio \d+ \S+) ([\d ]+)$/m) || [];
  if (!line) return sdp;
  const [first, ...rest] = listed.trim().split(" ");
  const kept = [first, ...rest.filter((payload) => digits.includes(payload))];
  return sdp
    .replace(line, `${head} ${kept.join(" ")}`)
    .split("\r\n")
    .filter((about) => !ABOUT.test(about) || kept.includes(about.match(ABOUT)[1]))
    .join("\r\n");
}
