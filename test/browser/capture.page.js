// The page of the tests of camera, microphone and screen: what it gives to them is on window.
export const capturePage = `
  import { render } from 'preact';
  import { Capture } from './picker/capture/capture.tsx';
  // Every track that was ever given out, to see that all are ended.
  window.tracks = [];
  for (const name of ['getUserMedia', 'getDisplayMedia']) {
    const asked = navigator.mediaDevices?.[name];
    if (asked) navigator.mediaDevices[name] = async (wanted) => {
      const stream = await asked.call(navigator.mediaDevices, wanted);
      tracks.push(...stream.getTracks());
      return stream;
    };
  }
  // How many pieces the recorder that began last has made: on a busy machine the first may take long.
  window.pieces = 0;
  const { start } = MediaRecorder.prototype;
  MediaRecorder.prototype.start = function (...values) {
    pieces = 0;
    this.addEventListener('dataavailable', ({ data }) => { if (data.size) pieces++; });
    return start.apply(this, values);
  };
  window.capture = (kind, size = [640, 480]) => {
    window.taken = undefined;
    render(<Capture kind={kind} size={size} t={t} onTaken={(blob, name) => { window.taken = { blob, name }; }} />, main);
  };
  window.stop = () => render(null, main);
  window.ready = true;
`;
