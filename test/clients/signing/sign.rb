# Signs a policy. Usage: ruby sign.rb SECRET POLICY-AS-JSON
require 'base64'
require 'json'
require 'openssl'

secret, text = ARGV

policy = Base64.urlsafe_encode64(text)
signature = OpenSSL::HMAC.hexdigest('SHA256', secret, policy)

puts JSON.generate(policy: policy, signature: signature)
