import XHRUpload from '@uppy/xhr-upload';
import * as uppy from './uppy.js';

export const create = (target) => uppy.create(target).use(XHRUpload, { endpoint: '/' });
