import Uppy from '@uppy/core';
import Dashboard from '@uppy/dashboard';
import '@uppy/core/css/style.min.css';
import '@uppy/dashboard/css/style.min.css';

export const create = (target) => new Uppy().use(Dashboard, { inline: true, target });

export const add = (uppy, files) => uppy.addFiles(files.map((data) => ({ name: data.name, type: data.type, data })));
export const count = (uppy) => uppy.getFiles().length;
