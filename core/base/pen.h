/* Our place below iso.org.dod.internet.private.enterprises (1.3.6.1.4.1): the OIDs of SNMP, and the
 * SD-IDs of syslog after their '@'. Until a number of our own is assigned this is Net-SNMP's
 * playground (netSnmpPlaypen), which nobody owns. Here, and in mibs/SALLYPORT-MIB.txt, is all that
 * changes with the assignment. */
#ifndef CORE_BASE_PEN_H
#define CORE_BASE_PEN_H

#define SALLYPORT_PEN_TEXT "8072.9999.9999"
#define SALLYPORT_PEN_OID 8072, 9999, 9999

#endif
