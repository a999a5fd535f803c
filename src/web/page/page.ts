import type { EmbeddedSound, loadEncoder, WebEncoder, WebSound } from '../loadEncoder.js';
import { describeSound, soundNotes } from './describeSound.js';
import { drawEmbedding, drawLogMel, frequencyMarks, timeMarks } from './drawLogMel.js';
import { byId, element } from './elements.js';
import { type Recording, startRecording } from './startRecording.js';
import { wavOfSamples } from './wavOfSamples.js';

declare const audiossl: { loadEncoder: typeof loadEncoder };

const input = byId<HTMLInputElement>('file');
const drop = byId('drop');
const record = byId<HTMLButtonElement>('record');
const progress = byId<HTMLProgressElement>('progress');
const meter = byId<HTMLMeterElement>('level');
const player = byId<HTMLAudioElement>('sound');
const other = byId<HTMLAudioElement>('other');
/** Classes shown at first. */
const fewClasses = 8;

let recording: Recording | undefined;
let underWay = new AbortController();
let shown: { name: string; result: EmbeddedSound } | undefined;

function say(text: string): void {
  byId('status').textContent = text;
}
function complain(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  byId('problem').textContent = text;
  byId('problem').hidden = false;
  byId('result').hidden = true;
  progress.hidden = true;
  say('');
}
function showShare(share: number): void {
  progress.hidden = false;
  progress.value = share;
}

say('Loading the encoder ...');
const ready = audiossl.loadEncoder('', { onProgress: showShare });
ready.then(({ facts }) => {
  progress.hidden = true;
  say('Ready.');
  const { sampleRate, hopLength } = facts.frontEnd;
  const seconds = (frames: number) => ((frames * hopLength) / sampleRate).toFixed(2);
  byId('about').textContent =
    `A ${facts.encoder} encoder that turns sound into ${facts.embeddingSize} numbers: mono at ${sampleRate.toLocaleString('en')} Hz, ${facts.frontEnd.fMin} to ${facts.frontEnd.fMax.toLocaleString('en')} Hz, patches of ${seconds(facts.patchFrames)} s every ${seconds(facts.patchHop)} s. Made by audiossl ${facts.version}.`;
}, complain);

/** The newest sound wins: what is under way for an older one is left. */
async function take(sound: WebSound, name: string, playable: Blob): Promise<void> {
  underWay.abort();
  underWay = new AbortController();
  const { signal } = underWay;
  byId('problem').hidden = true;
  try {
    const encoder = await ready;
    if (signal.aborted) return;
    say(`Listening to ${name} ...`);
    showShare(0);
    await new Promise((resolve) => setTimeout(resolve, 20)); // so that the line is seen
    const result = await encoder.embed(sound, { signal, onProgress: showShare });
    progress.hidden = true;
    say('');
    show(encoder, name, result, playable);
  } catch (error) {
    if (!signal.aborted) complain(error);
  }
}

function show(encoder: WebEncoder, name: string, result: EmbeddedSound, playable: Blob): void {
  const { logMel, embedding, probabilities, sound } = result;
  const { frontEnd } = encoder.facts;
  shown = { name, result };
  byId('result').hidden = false;
  byId('name').textContent = name;
  byId('facts').textContent = describeSound(result, frontEnd);
  byId('notes').replaceChildren(...soundNotes(result, frontEnd).map((note) => element('li', note)));
  drawLogMel(byId('logMel'), logMel);
  byId('logMel').setAttribute('aria-label', `Log-mel of ${name}: ${logMel.numFrames} frames of ${logMel.nMels} bands`);
  byId('frequencies').replaceChildren(...frequencyMarks(frontEnd));
  byId('times').replaceChildren(...timeMarks(Math.max(sound.seconds, result.isFilled ? frontEnd.minSeconds : 0)));
  byId('unheard').hidden = true;
  player.hidden = false;
  URL.revokeObjectURL(player.src);
  player.src = URL.createObjectURL(playable);
  drawEmbedding(byId('embedding'), embedding);
  byId('embedding').setAttribute('aria-label', `The ${embedding.length} numbers, dark small, bright large`);
  byId('embeddingFacts').textContent =
    `${embedding.length} numbers from ${Math.min(...embedding).toFixed(3)} to ${Math.max(...embedding).toFixed(3)}.`;
  byId('classesBox').hidden = probabilities === undefined;
  if (probabilities) showClasses(encoder.facts.classifier?.classNames ?? [], probabilities, fewClasses);
  showNearest(encoder.facts.rows === undefined ? undefined : encoder.nearest(embedding));
}

function showClasses(names: readonly string[], probabilities: Float32Array, count: number): void {
  const order = [...names.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  byId('classes').replaceChildren(
    ...order.slice(0, count).map((c) => {
      const item = element('li');
      const bar = element('i');
      bar.style.setProperty('--share', String(probabilities[c]));
      item.append(element('span', names[c]), element('b', `${(100 * probabilities[c]).toFixed(1)} %`), bar);
      return item;
    }),
  );
  const more = byId('allClasses');
  more.hidden = names.length <= count;
  more.textContent = `All ${names.length} classes`;
  more.onclick = () => showClasses(names, probabilities, names.length);
}

function showNearest(nearest: ReturnType<WebEncoder['nearest']> | undefined): void {
  byId('nearestBox').hidden = nearest === undefined;
  other.pause();
  byId('nearest').replaceChildren(
    ...(nearest ?? []).map(({ id, timeMs, sound, similarity }) => {
      const item = element('li');
      const play = element('button', 'Play') as HTMLButtonElement;
      play.type = 'button';
      play.hidden = sound === undefined;
      play.setAttribute('aria-label', `Play ${id}`);
      play.onclick = () => {
        other.src = `${sound}${timeMs === undefined ? '' : `#t=${Math.max(0, timeMs / 1000 - 0.5)}`}`;
        player.pause();
        other.play().catch(() => say(`${id} cannot be played by this browser.`));
      };
      const when = timeMs === undefined ? '' : ` at ${(timeMs / 1000).toFixed(1)} s`;
      item.append(play, element('span', `${id}${when}`), element('b', similarity.toFixed(3)));
      return item;
    }),
  );
}

const takeFile = (file: File | undefined) => file && void take(file, file.name, file);
byId('open').onclick = () => input.click();
input.onchange = () => {
  takeFile(input.files?.[0]);
};
// A dropped file beside the box must not take the place of the page.
for (const type of ['dragover', 'drop'] as const) {
  addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.toggle('over', type === 'dragover');
    if (type === 'drop') takeFile(event.dataTransfer?.files[0]);
  });
}
addEventListener('dragleave', () => drop.classList.remove('over'));

record.onclick = async () => {
  record.disabled = true;
  try {
    if (recording) await endRecording();
    else {
      recording = await startRecording({
        onLimit: () => void endRecording(),
        onLevel: (level, seconds) => {
          meter.value = level;
          record.textContent = `Stop (${seconds.toFixed(0)} s)`;
        },
      });
      byId('problem').hidden = true;
      say('Recording ...');
      showRecording(true);
    }
  } catch (error) {
    complain(error);
  }
  record.disabled = false;
};

async function endRecording(): Promise<void> {
  const ended = recording;
  recording = undefined;
  showRecording(false);
  const heard = await ended?.stop();
  if (!heard) return;
  const name = `Recording of ${new Date().toLocaleTimeString()}`;
  await take(heard, name, wavOfSamples(heard.samples as Float32Array<ArrayBuffer>, heard.sampleRate));
}

function showRecording(isOn: boolean): void {
  record.setAttribute('aria-pressed', String(isOn));
  record.textContent = isOn ? 'Stop' : 'Record';
  meter.hidden = !isOn;
  meter.value = 0;
}

player.onerror = () => {
  if (!player.src) return;
  player.hidden = true;
  byId('unheard').hidden = false;
};
const playhead = byId('playhead');
player.ontimeupdate = () => {
  playhead.hidden = !(player.duration > 0);
  playhead.style.left = `${(100 * player.currentTime) / player.duration}%`;
};
byId('logMel').onclick = ({ offsetX, currentTarget }) => {
  if (player.duration > 0) player.currentTime = (player.duration * offsetX) / (currentTarget as HTMLElement).clientWidth;
};

byId('download').onclick = () => {
  if (!shown) return;
  const { name, result } = shown;
  const text = JSON.stringify({
    name,
    embedding: [...result.embedding],
    ...(result.probabilities && { probabilities: [...result.probabilities] }),
  });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = `${name.replace(/\.\w+$/, '').replace(/[^\w.-]+/g, '-')}.embedding.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
