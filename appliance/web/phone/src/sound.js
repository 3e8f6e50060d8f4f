// The ring, and which microphone and loudspeaker are used. Choices stay in this browser.

const RING_HZ = [440, 554];
const ON_SECONDS = 0.9;
const EVERY_MS = 2500;

function kept(name, otherwise) {
  try {
    return localStorage.getItem(`callbox.${name}`) ?? otherwise;
  } catch {
    return otherwise; // storage is switched off in this browser
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(`callbox.${name}`, value);
  } catch {
    // storage is switched off in this browser: the choice lasts as long as the page
  }
}

export class Sound {
  constructor() {
    this.microphone = kept("microphone", "");
    this.speaker = kept("speaker", "");
    this.loudness = Number(kept("loudness", "60"));
    this.autoAnswer = kept("auto-answer", "") === "yes";
    this.context = null;
    this.timer = 0;
    this.stream = null;
  }

  set(name, value) {
    this[name] = value;
    const names = { autoAnswer: "auto-answer" };
    keep(names[name] || name, value === true ? "yes" : value === false ? "" : String(value));
  }

  constraints() {
    const device = this.microphone ? { deviceId: { ideal: this.microphone } } : {};
    return { audio: { echoCancellation: true, noiseSuppression: true, ...device }, video: false };
  }

  // Asks for the microphone once, so that the browser's question is not asked while a caller waits.
  // Throws what getUserMedia throws.
  async tryMicrophone() {
    const stream = await navigator.mediaDevices.getUserMedia(this.constraints());
    stream.getTracks().forEach((track) => track.stop());
  }

  // [{kind, id, name}] of what is plugged in.
  async devices() {
    const found = navigator.mediaDevices ? await navigator.mediaDevices.enumerateDevices() : [];
    return found
      .filter((device) => device.kind !== "videoinput" && device.deviceId)
      .map((device) => ({ kind: device.kind, id: device.deviceId, name: device.label || device.kind }));
  }

  // Whether the browser would let it ring; it needs one click after the page was loaded.
  async mayRing() {
    this.context ??= new AudioContext();
    if (this.context.state === "suspended") {
      await Promise.race([this.context.resume(), new Promise((done) => setTimeout(done, 300))]);
    }
    return this.context.state === "running";
  }

  startRing() {
    if (this.timer) return;
    this.ringOnce();
    this.timer = setInterval(() => this.ringOnce(), EVERY_MS);
  }

  stopRing() {
    clearInterval(this.timer);
    this.timer = 0;
  }

  ringOnce() {
    const context = this.context;
    if (!context || context.state !== "running" || !this.loudness) return;
    const gain = context.createGain();
    const end = context.currentTime + ON_SECONDS;
    gain.gain.setValueAtTime((this.loudness / 100) ** 2 * 0.5, context.currentTime);
    gain.gain.linearRampToValueAtTime(0, end);
    gain.connect(context.destination);
    for (const hz of RING_HZ) {
      const tone = context.createOscillator();
      tone.frequency.value = hz;
      tone.connect(gain);
      tone.start();
      tone.stop(end);
    }
  }

  // Plays a call's sound where the agent wants it; the audio element to stop it with.
  play(stream) {
    const audio = new Audio();
    audio.srcObject = stream;
    this.route(audio);
    audio.play().catch(() => {}); // SILENT says what to do
    return audio;
  }

  route(audio) {
    if (audio.setSinkId) audio.setSinkId(this.speaker).catch(() => audio.setSinkId(""));
  }
}
