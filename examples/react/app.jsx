import { useState } from 'react';
import { createRoot } from 'react-dom/client';

const credentials = async () => (await fetch('/get-filestack-credentials')).json();

/** React 19 knows custom elements: properties, and events by their own names. */
function Shop({ start }) {
  const [pictures, setPictures] = useState([]);
  return (
    <main>
      <h1>Send us your pictures</h1>
      <stowgate-button
        server={start.base} api-key={start.apikey} policy={start.policy} signature={start.signature}
        max-files="5" accept="image/*"
        getPolicy={credentials} // before the policy ends, also while files are sent
        onstowgate-done={(event) => setPictures((old) => [...old, ...event.detail.stored])}
      />
      <ul>
        {pictures.map(({ handle, name }) => (
          <li key={handle}>
            <img alt={name} src={`${start.base}/resize=width:200/security=policy:${start.policy},signature:${start.signature}/${handle}`} />
          </li>
        ))}
      </ul>
    </main>
  );
}

const start = await credentials();
await import(/* the elements come from Stowgate */ `${start.base}/stowgate/stowgate.js`);
createRoot(document.getElementById('root')).render(<Shop start={start} />);
