// Prints the URLs that filestack-js makes of sources and tasks. Takes one JSON
// argument, and prints one JSON list.
'use strict';
const filestack = require('filestack-js');
const { apikey, secret, urls, policy, links } = JSON.parse(process.argv[2]);

Object.assign(filestack.init(apikey).session.urls, urls);
const client = filestack.init(apikey, policy && { security: filestack.getSecurity(policy, secret) });
console.log(JSON.stringify(links.map(({ source, tasks, base64 }) => client.transform(source, tasks, base64))));
