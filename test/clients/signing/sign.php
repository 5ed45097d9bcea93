<?php
// Signs a policy. Usage: php sign.php SECRET POLICY-AS-JSON
[, $secret, $text] = $argv;

$policy = strtr(base64_encode($text), '+/', '-_');
$signature = hash_hmac('sha256', $policy, $secret);

echo json_encode(['policy' => $policy, 'signature' => $signature]), "\n";
