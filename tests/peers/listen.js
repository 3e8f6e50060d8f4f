// Run in the page before its own script: every sound that a call brings is kept, 8 kHz, 16 bits.
(() => {
  const kept = [];
  const Plain = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor(...options) {
      super(...options);
      this.addEventListener("track", ({ track }) => {
        const context = new AudioContext({ sampleRate: 8000 });
        const source = context.createMediaStreamSource(new MediaStream([track]));
        const tap = context.createScriptProcessor(1024, 1, 1);
        tap.onaudioprocess = ({ inputBuffer }) => {
          kept.push(Int16Array.from(inputBuffer.getChannelData(0), (x) => x * 32767));
        };
        source.connect(tap);
        tap.connect(context.destination);
      });
    }
  };
  // Base64 of the samples since the last time.
  window.takeHeard = () => {
    const bytes = new Uint8Array(kept.reduce((sum, part) => sum + part.byteLength, 0));
    let at = 0;
    for (const part of kept) {
      bytes.set(new Uint8Array(part.buffer), at);
      at += part.byteLength;
    }
    kept.length = 0;
    let text = "";
    for (let i = 0; i < bytes.length; i += 32768) {
      text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    }
    return btoa(text);
  };
})();
