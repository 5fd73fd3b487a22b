"""A TLS backend that creates its own certificate, prints its port, and ends when its standard input ends."""

import datetime
import ipaddress
import os
import socket
import ssl
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
now = datetime.datetime.now(datetime.timezone.utc)
certificate = (
    x509.CertificateBuilder()
    .subject_name(name)
    .issuer_name(name)
    .public_key(key.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now - datetime.timedelta(days=1))
    .not_valid_after(now + datetime.timedelta(days=1))
    .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
    .sign(key, hashes.SHA256())
)
folder = sys.argv[1]
with open(os.path.join(folder, "roots.pem"), "wb") as file:
    file.write(certificate.public_bytes(serialization.Encoding.PEM))
with open(os.path.join(folder, "key.pem"), "wb") as file:
    file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.path.join(folder, "roots.pem"), os.path.join(folder, "key.pem"))
listener = socket.create_server(("127.0.0.1", 0))


def end_with_standard_input():
    """Ends the process when the standard input ends."""
    sys.stdin.read()
    os._exit(0)


def shake_hands(connection):
    """Completes the TLS handshake and closes the connection."""
    try:
        context.wrap_socket(connection, server_side=True).close()
    except OSError:
        connection.close()


threading.Thread(target=end_with_standard_input, daemon=True).start()
print(f"listening {listener.getsockname()[1]}", flush=True)
while True:
    threading.Thread(target=shake_hands, args=(listener.accept()[0],), daemon=True).start()
